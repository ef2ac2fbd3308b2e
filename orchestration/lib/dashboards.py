"""The dashboards over the published version: what they stand on, the Superset of this machine, and pushing to it.

Opening and joining only: shapes and steps are the business of superset_dashboards, definitions of serving.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from orchestration.failures import ConfigurationError, RunFailedError
from orchestration.lib.paths import DataLayout, dbt_project_dir
from orchestration.lib.progress import Progress
from orchestration.settings import Settings, superset_environment, superset_passwords

if TYPE_CHECKING:
    from superset_dashboards.client import SupersetClient
    from superset_dashboards.native import Published
    from superset_dashboards.server import SupersetHome

_REPOSITORY = Path(__file__).resolve().parents[2]
ENVIRONMENT = _REPOSITORY / ".venv-superset"
LOCK = _REPOSITORY / "requirements-superset.lock"


def published_content(layout: DataLayout) -> Published:
    """What the dashboards stand on: the current version, read through the link that publishing flips.

    Raises:
        RunFailedError: nothing is published yet.
    """
    import json

    import duckdb

    from serving.version import CATALOG_FILE, WAREHOUSE_FILE
    from superset_dashboards.native import Published

    current = layout.published / "current"
    if not (current / WAREHOUSE_FILE).is_file():
        raise RunFailedError("nothing is published yet, so there is nothing to show; run netvexa demo or nightly first")
    with duckdb.connect(str(current / WAREHOUSE_FILE), read_only=True) as connection:
        rows = connection.execute(
            "select metric, comparator, cast(target as varchar) from marts.kpi_targets"
        ).fetchall()
    return Published(
        definitions=json.loads((current / CATALOG_FILE).read_text(encoding="utf-8")),
        targets={metric: (comparator, target) for metric, comparator, target in rows},
        warehouse=current / WAREHOUSE_FILE,
    )


def unresolved(settings: Settings) -> list[str]:
    """Every name in the dashboards' files that the dbt project as it stands does not know, one line each."""
    import csv

    from orchestration.lib.dbt_build import parse_project
    from serving.catalog import definitions_from_manifest
    from superset_dashboards.assets import read_assets
    from superset_dashboards.validate import problems

    definitions = definitions_from_manifest(parse_project(settings).document)
    with (dbt_project_dir() / "seeds" / "kpi_targets.csv").open(encoding="utf-8", newline="") as seed:
        targets = {row["metric"]: (row["comparator"], row["target"]) for row in csv.DictReader(seed)}
    return problems(read_assets(), definitions, targets)


def superset_home(layout: DataLayout) -> SupersetHome:
    """Superset's own folder in the data directory, and its environment beside the code."""
    from superset_dashboards.server import SupersetHome

    return SupersetHome(layout.superset, ENVIRONMENT)


def admin_password(settings: Settings, home: SupersetHome) -> str:
    """The administrator's password: the setting, else one of this home's own."""
    given = settings.superset_admin_password
    return given.get_secret_value() if given else home.secret("admin_password")


@contextmanager
def running_superset(settings: Settings, layout: DataLayout, progress: Progress) -> Iterator[str]:
    """Superset made ready and serving for the duration of the block; yields its address.

    Raises:
        RunFailedError: its environment, metadata or process could not be made or started.
    """
    from superset_dashboards.environment import SupersetEnvironmentError, make_environment
    from superset_dashboards.server import SupersetServerError, prepare, process_variables, serving

    home = superset_home(layout)
    parts = urlsplit(settings.superset_url)
    if parts.hostname not in {"127.0.0.1", "localhost"} or parts.port is None:
        raise ConfigurationError(
            f"NETVEXA_SUPERSET_URL is {settings.superset_url}; Superset is served on 127.0.0.1 with a port; who "
            "comes from elsewhere goes through a proxy with TLS"
        )
    given_key, given_uri = settings.superset_secret_key, settings.superset_metadata_uri
    variables = process_variables(
        superset_environment(),
        secret_key=given_key.get_secret_value() if given_key else home.secret("secret_key"),
        metadata_uri=given_uri.get_secret_value() if given_uri else f"sqlite:///{layout.superset / 'superset.db'}",
    )
    try:
        make_environment(ENVIRONMENT, LOCK, progress.doing)
        prepare(home, variables, admin_password(settings, home), progress.doing)
        with serving(home, variables, parts.port, progress.doing) as address:
            yield address
    except (SupersetEnvironmentError, SupersetServerError) as error:
        raise RunFailedError(str(error)) from error


def signed_in(settings: Settings, layout: DataLayout) -> SupersetClient:
    """A client of the running Superset, as its administrator; a context manager."""
    from superset_dashboards.client import SupersetClient
    from superset_dashboards.server import ADMIN

    return SupersetClient(settings.superset_url, ADMIN, admin_password(settings, superset_home(layout)))


def push_dashboards(client: SupersetClient, layout: DataLayout, progress: Progress) -> dict[str, str]:
    """Push dashboards and roles; returns the passwords of the users it made that were not given, by user.

    Raises:
        superset_dashboards.client.SupersetError: Superset refused.
        superset_dashboards.assets.AssetError: the files and the published definitions do not fit.
    """
    import secrets

    from serving.roles import read_roles
    from superset_dashboards.assets import read_assets
    from superset_dashboards.push import push
    from superset_dashboards.roles import apply_roles

    assets, roles = read_assets(), read_roles()
    pushed = push(client, assets, published_content(layout), progress.doing)
    given = superset_passwords(role.name for role in roles)
    passwords = {role.name: given.get(role.name) or secrets.token_urlsafe(12) for role in roles}
    made = apply_roles(client, roles, assets, passwords, progress.doing)
    removed = f", removed {', '.join(pushed.removed)}" if pushed.removed else ""
    progress.done(f"{pushed.dashboards} dashboards, {pushed.charts} charts, {len(roles)} roles{removed}")
    return {name: passwords[name] for name in made if name not in given}


def push_after_publishing(settings: Settings, layout: DataLayout, progress: Progress) -> str:
    """Push to the Superset that runs here, if one does; returns what happened in words. Never fails a run."""
    from superset_dashboards.assets import AssetError
    from superset_dashboards.client import SupersetError
    from superset_dashboards.server import answers

    if not superset_home(layout).prepared.is_file() or not answers(settings.superset_url):
        return "no Superset runs here"
    try:
        with signed_in(settings, layout) as client:
            push_dashboards(client, layout, progress)
    except (SupersetError, AssetError) as error:
        progress.warn(f"the dashboards were not pushed, and stay as they were: {error}")
        return f"not pushed: {error}"
    return "pushed"
