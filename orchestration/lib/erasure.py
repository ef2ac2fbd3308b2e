"""Erasing, as a run does it: who is asked for, the ledger before the lake, and what was made of the lake before.

Belongs here: the order of steps around the lake's rewriting, for the command and for any night. Does not: recognising
and rewriting (ingestion.erasure), building and publishing again (the job `rebuild`), the proof (erasure_scan,
erasure_certificate).
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.failures import ConfigurationError
from orchestration.lib.audit import withdraw_audit
from orchestration.lib.paths import DataLayout
from orchestration.lib.session import RunSession
from orchestration.settings import Settings, retired_keys

if TYPE_CHECKING:
    from ingestion.erasure.keyring import KeyRing, Kind
    from ingestion.erasure.ledger import Ledger
    from ingestion.erasure.related import Affected
    from ingestion.erasure.subjects import ErasedSubjects

_TOKEN = re.compile(r"([A-Za-z0-9-]{1,32})_[0-9a-f]{64}")
_DERIVED_FILE = "derived.json"
_REQUESTS_FOLDER = "requests"


@dataclass(frozen=True)
class Request:
    """Who is to be erased, by keyed tokens. `typed`: as they were given, for the scan alone; never written down.

    The same people give the same id, so that a killed command is taken up by the same arguments.
    """

    tokens: Mapping[Kind, frozenset[str]]
    typed: tuple[str, ...] = field(repr=False)

    @property
    def id(self) -> str:
        """12 characters, of the tokens alone."""
        listed = sorted(token for tokens in self.tokens.values() for token in tokens)
        return hashlib.sha256("\n".join(listed).encode()).hexdigest()[:12]


@dataclass(frozen=True)
class TableErasure:
    """What a request changes in one raw table: whole partitions, rows gone, rows under new ids, rows set aside gone."""

    table: str
    partitions: int
    removed_rows: int
    renamed_rows: int
    set_aside_rows: int


def key_ring(settings: Settings) -> KeyRing:
    """The configured keys; of the sample company its own, where none is configured.

    Raises:
        ConfigurationError: a key cannot be read, or an id stands twice.
    """
    from ingestion.erasure.keyring import KeyRing
    from ingestion.retry import PermanentSourceError

    if settings.pseudonym_key is not None:
        current = settings.pseudonym_key.get_secret_value()
    else:
        from ingestion.simulator.sample import SampleCompany  # numpy

        current = SampleCompany.pseudonym_key
    try:
        return KeyRing.parse(current, retired_keys(settings.pseudonym_retired_keys))
    except PermanentSourceError as error:
        raise ConfigurationError(str(error)) from error


def request_of(keys: KeyRing, visitors: Sequence[str], accounts: Sequence[str]) -> Request:
    """Who is asked for. A visitor by the app's id, or by a token of a configured key.

    Raises:
        ConfigurationError: nobody is named, or a token is of a key that is not configured.
    """
    tokens: dict[Kind, set[str]] = {"visitor": set(), "account": set()}
    for visitor in visitors:
        token = _TOKEN.fullmatch(visitor)
        if token is None:
            tokens["visitor"].update(keys.tokens("visitor", visitor))
        elif token[1] in keys.ids:
            tokens["visitor"].add(visitor)
        else:
            raise ConfigurationError(
                f"a token of key {token[1]} is asked for, and no such key is configured: put <key id>:<secret> of it "
                "into NETVEXA_PSEUDONYM_RETIRED_KEYS, else the visitor would come back"
            )
    for account in accounts:
        tokens["account"].update(keys.tokens("account", account, keys.ids[:1]))
    if not any(tokens.values()):
        raise ConfigurationError("nobody is named; give --visitor, --visitors-from or --account")
    return Request({kind: frozenset(of_kind) for kind, of_kind in tokens.items()}, (*visitors, *accounts))


def require_landed_keys(layout: DataLayout, keys: KeyRing, visitors: Sequence[str]) -> None:
    """Refuse to look for a visitor by id in a lake with tokens of a key that nobody gave: it would be left in them.

    Raises:
        ConfigurationError: names the keys, how many partitions hold tokens of them, and what to do.
    """
    from ingestion.lake import Lake
    from ingestion.landing import read_manifests

    if all(_TOKEN.fullmatch(visitor) for visitor in visitors):
        return
    landed = [day.key_id for day in read_manifests(Lake(layout.lake), "app", "events") if day.landed_rows]
    unknown = [key_id for key_id in landed if key_id is not None and key_id not in keys.ids]
    if unknown:
        named = ", ".join(sorted(set(unknown)))
        raise ConfigurationError(
            f"{len(unknown)} days of events hold visitors' tokens of key {named}, which is not configured: who was "
            "landed under it would not be found. Put <key id>:<secret> of it into NETVEXA_PSEUDONYM_RETIRED_KEYS; "
            "where the secret is lost, read those days again first (docs/runbooks/rotate-the-pseudonym-key.md)"
        )


def foresee(session: RunSession, request: Request) -> list[TableErasure]:
    """What the request would change in the lake. Changes nothing.

    Raises:
        ConfigurationError: an account still has a subscription that counts, or may count again, or shares its Stripe
            customer with an account that stays.
    """
    from ingestion.erasure.apply import look
    from ingestion.erasure.ledger import Ledger
    from ingestion.lake import Lake

    ledger = Ledger.read(session.layout.erasures).holding(request.id, session.clock(), request.tokens)
    _, related = look(Lake(session.layout.lake), ledger, key_ring(session.settings))
    if related.open_subscriptions:
        raise ConfigurationError(
            f"the account still has {len(related.open_subscriptions)} subscription(s) that count or may count again: "
            f"{', '.join(related.open_subscriptions)}. Cancel at Stripe, let a night land it, then erase: nothing "
            "links its later bills to what was landed before"
        )
    if related.shared_customers:
        raise ConfigurationError(
            f"another account names the account's Stripe customer, too: {', '.join(related.shared_customers)}. What "
            "that pays from now on would stay out. Say at Stripe whose it is (metadata.account_id of the customer), or "
            "take it from the other account in the app, let a night land it, then erase"
        )
    return by_table({_place(one): [one.rows, one.set_aside_rows] for one in related.affected})


def erase_from_lake(session: RunSession, run_id: str, request: Request) -> None:
    """The ledger first, then the lake. The warehouse file is gone afterwards; the job `rebuild` makes a fresh one."""
    from ingestion.erasure.ledger import Ledger

    session.progress.phase("Erasing")
    ledger = Ledger.read(session.layout.erasures).extended(request.id, session.clock(), request.tokens)
    _apply(session, run_id, ledger, request.id)
    drop_derived(session)


def catch_up(session: RunSession, run_id: str) -> None:
    """Take out of the lake whom the ledger names, where a killed erasure or a restored backup left them in it.

    Raises:
        ingestion.retry.PermanentSourceError: the ledger was changed, or a key that it needs is not configured.
    """
    from ingestion.erasure.apply import is_applied
    from ingestion.erasure.ledger import Ledger
    from ingestion.lake import Lake

    ledger = Ledger.read(session.layout.erasures)
    if is_applied(Lake(session.layout.lake), ledger):
        return
    session.progress.doing("looking in the lake for those who were erased")
    _apply(session, run_id, ledger, ledger.entries[-1].request_id)


def erased_subjects(session: RunSession) -> ErasedSubjects:
    """Whom the border leaves out.

    Raises:
        ingestion.retry.PermanentSourceError: as for `catch_up`.
    """
    from ingestion.erasure.ledger import Ledger
    from ingestion.erasure.subjects import ErasedSubjects

    return ErasedSubjects(key_ring(session.settings), Ledger.read(session.layout.erasures).tokens)


def remember_found(session: RunSession, run_id: str, erased: ErasedSubjects) -> None:
    """Put what the border saw of the erased for the first time (a new conversation) into the ledger."""
    from ingestion.erasure.ledger import Ledger

    if erased.found:
        Ledger.read(session.layout.erasures).extended(f"run-{run_id[:8]}", session.clock(), erased.found)


def drop_versions_with_the_erased(session: RunSession) -> tuple[str, ...]:
    """Remove the published versions that were made before the last rewriting; returns their ids."""
    from serving.versions import drop_published_by

    stale_until = _stale_until(session.layout)
    if stale_until is None:
        return ()
    dropped = drop_published_by(session.layout.published, stale_until)
    for version_id in dropped:
        session.progress.done(f"version {version_id} dropped: it was made before an erasure")
    return dropped


def drop_derived(session: RunSession) -> None:
    """Delete the warehouse, whose file keeps what was deleted in it, and have the versions until now dropped.

    All of its folder goes: its log, what DuckDB spilled there, and a copy that a kill left unfinished. The versions
    are dropped by the next publication: until then people read the last good numbers.
    """
    withdraw_audit(session.layout)
    if session.layout.warehouse.parent.exists():
        shutil.rmtree(session.layout.warehouse.parent)
    _write_json(session.layout.erasures / _DERIVED_FILE, {"stale_until": session.clock().isoformat()})


def erased_rows(layout: DataLayout, request_id: str) -> list[TableErasure]:
    """What a request changed in the lake, over all runs that worked on it."""
    return by_table(_partitions(layout, request_id))


def by_table(partitions: Mapping[str, Sequence[int]]) -> list[TableErasure]:
    """Sum up (rows, rows set aside) by partition, such as `raw_app/events/received_date=2026-11-01`."""
    tables: dict[str, list[int]] = {}
    for place, (rows, aside) in sorted(partitions.items()):
        table = ".".join(place.split("/")[:2])
        renamed = table.startswith("raw_stripe.")
        sums = tables.setdefault(table, [0, 0, 0, 0])
        for number, count in enumerate((1, 0 if renamed else rows, rows if renamed else 0, aside)):
            sums[number] += count
    return [TableErasure(table, *sums) for table, sums in tables.items()]


def _apply(session: RunSession, run_id: str, ledger: Ledger, request_id: str) -> None:
    from ingestion.contract import RunContext
    from ingestion.erasure.apply import apply_ledger
    from ingestion.lake import Lake

    def before_rewriting(affected: Sequence[Affected]) -> None:
        known = _partitions(session.layout, request_id)
        new = {_place(one): [one.rows, one.set_aside_rows] for one in affected}
        # Numbers alone; a killed run leaves fewer partitions to the next than it had found.
        _write_json(session.layout.erasures / _REQUESTS_FOLDER / f"{request_id}.json", {**new, **known})
        drop_derived(session)

    run = RunContext(run_id, session.instant, session.clock, session.progress.doing)
    applied = apply_ledger(
        Lake(session.layout.lake),
        ledger,
        key_ring(session.settings),
        run,
        request_id=request_id,
        before_rewriting=before_rewriting,
    )
    if applied.affected:
        rows = sum(one.rows for one in applied.affected)
        session.progress.done(f"{rows:,} rows of the erased taken out of {len(applied.affected)} partitions")


def _place(affected: Affected) -> str:
    from ingestion.erasure.related import place

    return place(affected.manifest)


def _partitions(layout: DataLayout, request_id: str) -> dict[str, list[int]]:
    path = layout.erasures / _REQUESTS_FOLDER / f"{request_id}.json"
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}


def _stale_until(layout: DataLayout) -> datetime | None:
    path = layout.erasures / _DERIVED_FILE
    if not path.exists():
        return None
    return datetime.fromisoformat(json.loads(path.read_text(encoding="utf-8"))["stale_until"])


def _write_json(path: Path, document: Mapping[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".tmp")
    aside.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    aside.replace(path)
