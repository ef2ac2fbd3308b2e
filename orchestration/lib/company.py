"""Whose numbers a run works on: the sample company's or the configured sources'. Never both in one lake.

Opening the sources is here; what they hold and how it lands is the business of ingestion.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pydantic import SecretStr

from orchestration.failures import ConfigurationError
from orchestration.lib.paths import DataLayout
from orchestration.lib.progress import Progress
from orchestration.lib.pseudonym_keys import remember_pseudonym_key
from orchestration.settings import Settings

if TYPE_CHECKING:
    from ingestion.contract import Source
    from ingestion.erasure.subjects import ErasedSubjects
    from ingestion.simulator.sample import SampleCompany

SAMPLE_SEED = 7
_CONFIGURED = "configured sources"
_SAMPLE = "sample company"


def check_company(settings: Settings, layout: DataLayout) -> None:
    """Refuse, before anything is touched, what would mix two companies or cannot work.

    Raises:
        ConfigurationError: sources configured by halves, or a data directory that holds the other kind of company.
    """
    if not settings.uses_sample_company:
        settings.require_whole_configuration()
    wanted = _SAMPLE if settings.uses_sample_company else _CONFIGURED
    held = _read_marker(layout).get("company", wanted)
    if held != wanted:
        raise ConfigurationError(
            f"{layout.root} holds numbers of the {held}, and this run would land the {wanted} beside them. "
            "Set NETVEXA_DATA_DIR to another folder."
        )


@contextmanager
def open_sources(
    settings: Settings, layout: DataLayout, instant: datetime, progress: Progress, erased: ErasedSubjects
) -> Iterator[tuple[Source, ...]]:
    """The four sources, ready to be staged without the `erased`, for the duration of the block.

    The sample company is made on its first use (some 20 s), and its Stripe answers over HTTP on a loopback port for as
    long as the block lasts. A newer simulator imagines another company, so the lake of the old one is dropped.
    """
    if settings.uses_sample_company:
        with _sample_sources(settings, layout, instant, progress, erased) as sources:
            yield sources
    else:
        _write_marker(layout, {"company": _CONFIGURED})
        remember_pseudonym_key(settings, layout)
        yield _configured_sources(settings, erased)


@contextmanager
def _sample_sources(
    settings: Settings, layout: DataLayout, instant: datetime, progress: Progress, erased: ErasedSubjects
) -> Iterator[tuple[Source, ...]]:
    from ingestion.simulator.sample import SIMULATOR_VERSION, prepare_sample  # numpy; only the sample needs it

    sample = prepare_sample(layout.sample, instant, SAMPLE_SEED, progress.doing)
    marker = {"company": _SAMPLE, "seed": SAMPLE_SEED, "simulator": SIMULATOR_VERSION}
    held = _read_marker(layout)
    if held and held != marker:
        progress.done("the sample company is a new one; its lake begins anew")
        shutil.rmtree(layout.lake, ignore_errors=True)
        layout.warehouse.unlink(missing_ok=True)
    _write_marker(layout, marker)
    remember_pseudonym_key(settings, layout)
    with sample.stripe() as stripe:
        yield _sources(
            app_dsn=sample.app_dsn,
            pseudonym_key=_revealed(settings.pseudonym_key) or sample.pseudonym_key,
            stripe_api_key=sample.stripe_api_key,
            stripe_api_base=stripe.base_url,
            folders=_folder_sources(sample),
            look_back_days=settings.look_back_days,
            erased=erased,
        )


def _configured_sources(settings: Settings, erased: ErasedSubjects) -> tuple[Source, ...]:
    return _sources(
        app_dsn=_revealed(settings.app_dsn),
        pseudonym_key=_revealed(settings.pseudonym_key),
        stripe_api_key=_revealed(settings.stripe_api_key),
        stripe_api_base=settings.stripe_api_base,
        folders=_folder_sources(settings),
        look_back_days=settings.look_back_days,
        erased=erased,
    )


def _sources(  # noqa: PLR0913 (the settings of four sources)
    *,
    app_dsn: str,
    pseudonym_key: str,
    stripe_api_key: str,
    stripe_api_base: str | None,
    folders: tuple[Source, ...],
    look_back_days: int,
    erased: ErasedSubjects,
) -> tuple[Source, ...]:
    from ingestion.sources.app.extract import AppSource  # the clients: ADBC, DuckDB, Stripe
    from ingestion.sources.stripe.extract import StripeSource

    return (
        AppSource(app_dsn, pseudonym_key, timedelta(days=look_back_days), erased),
        StripeSource(stripe_api_key, stripe_api_base, erased=erased),
        *folders,
    )


def _folder_sources(company: Settings | SampleCompany) -> tuple[Source, ...]:
    """The sources that are folders of files, a line each. `check_company` has made sure that none is missing."""
    from ingestion.sources.rates.extract import RatesSource  # pyarrow
    from ingestion.sources.spend.extract import SpendSource

    folders = (
        (SpendSource, company.spend_dir),
        (RatesSource, company.rates_dir),
    )
    return tuple(source(folder) for source, folder in folders if folder is not None)


def _revealed(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret is not None else ""


def _read_marker(layout: DataLayout) -> dict[str, object]:
    """What the lake holds; empty when there is no lake, whatever a marker left alone may say."""
    if not layout.lake.exists() or not layout.company_marker.exists():
        return {}
    marker = json.loads(layout.company_marker.read_text(encoding="utf-8"))
    return dict(marker)


def _write_marker(layout: DataLayout, marker: dict[str, object]) -> None:
    aside = layout.company_marker.with_suffix(".tmp")
    aside.write_text(json.dumps(marker, indent=2) + "\n", encoding="utf-8")
    aside.replace(layout.company_marker)
