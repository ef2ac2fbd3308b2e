"""Everything in the lake that belongs to the erased: conversations, agents, Stripe's objects, rows set aside.

Looked for before anything is rewritten, because a row that is gone names nobody any more: a killed rewriting must not
forget what it still had to look for.

Belongs here: reading the lake for it. Does not: changing it (rewriting), the ledger's file (ledger).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingestion.erasure.keyring import Kind
from ingestion.erasure.stripe_ids import accounts_named, payload_of, row_ids
from ingestion.erasure.subjects import ErasedSubjects
from ingestion.folding.contract import DELIVERIES
from ingestion.lake import DATA_FILE, QUARANTINE_FILE, Lake
from ingestion.landing import read_manifests
from ingestion.manifest import Manifest

# Whose `id` is the subject itself.
SELVES: dict[str, Kind] = {"accounts": "account", "agents": "agent"}
STRIPE = "stripe"
NOBODYS = ("spend", "rates")
BATCH_ROWS = 50_000

# In the order in which one names the next: payments name invoices, refunds name charges, events name all.
_STRIPE_TABLES = (
    *("customers", "subscriptions", "invoices", "charges", "credit_notes", "invoice_payments", "refunds", "events"),
)
# A subscription in any other state counts, or may count again.
ENDED = frozenset({"canceled", "incomplete_expired"})


@dataclass(frozen=True)
class Affected:
    """A partition to be rewritten: for each of its rows whether it is theirs, and for each that it set aside."""

    manifest: Manifest
    theirs: pa.BooleanArray = field(repr=False)
    theirs_set_aside: pa.BooleanArray = field(repr=False)

    @property
    def rows(self) -> int:
        """How many rows are theirs."""
        return int(self.theirs.true_count)

    @property
    def set_aside_rows(self) -> int:
        """How many of the rows that were set aside are theirs."""
        return int(self.theirs_set_aside.true_count)


@dataclass
class Related:
    """What was found. `customers`: erased account by Stripe customer. `stripe_ids`: every id of theirs, as it landed.

    `open_subscriptions`: those of `customers` that have not ended. `shared_customers`: those of them that another
    account, which stays, names as its own by the newest snapshot. `row_ids`: of their rows, as far as other rows are
    known by nothing else (set aside under them, or written down of them by a fold). `affected`: in the order of their
    paths.
    """

    customers: dict[str, str] = field(default_factory=dict)
    stripe_ids: set[str] = field(default_factory=set)
    open_subscriptions: list[str] = field(default_factory=list)
    shared_customers: list[str] = field(default_factory=list)
    row_ids: set[str] = field(default_factory=set)
    affected: list[Affected] = field(default_factory=list)


def find_related(lake: Lake, subjects: ErasedSubjects, known_row_ids: Collection[str] = ()) -> Related:
    """Read the lake for what belongs to the subjects; conversations, agents and Stripe ids join them on the way.

    known_row_ids: those that an earlier look found whose rewriting was killed.
    """
    related = Related(row_ids=set(known_row_ids))
    if subjects.tokens.get("account"):
        _agents(lake, subjects)
        _stripe(lake, subjects, _claims(lake), related)
    for manifest in read_manifests(lake, "app", "events"):
        for rows in read_columns(lake, manifest, subjects.columns):
            subjects.learn("events", rows)
    _affected(lake, subjects, related)
    return related


def _affected(lake: Lake, subjects: ErasedSubjects, related: Related) -> None:
    """A second look, now that everything of theirs is known."""
    manifests = [manifest for manifest in read_manifests(lake) if manifest.source not in NOBODYS]
    set_aside = {place(manifest): set_aside_keys(lake, manifest) for manifest in manifests}
    of_folds = [manifest for manifest in manifests if _is_of_folds(manifest)]
    deliveries = {place(manifest): _deliveries_by_id(lake, manifest) for manifest in of_folds}
    wanted = {key for keys in (*set_aside.values(), *deliveries.values()) for key in keys if key}
    masks: dict[str, pa.BooleanArray] = {}
    claimed: set[str] = set()
    for manifest in manifests:
        parts = [pa.array([], pa.bool_())]
        if manifest.source == STRIPE:
            if subjects.tokens.get("account"):
                rows = stripe_rows(lake, manifest)
                parts.append(pa.array([_names_one(manifest.table, row, subjects, related) for row in rows], pa.bool_()))
        else:
            for columns in read_columns(lake, manifest, ("id", "stripe_customer_id", *subjects.columns)):
                mask = subjects.rows(manifest.table, columns)
                parts.append(mask)
                if subjects.claims(columns).true_count:
                    claimed.add(place(manifest))
                if mask.true_count and wanted and "id" in columns.schema.names:
                    related.row_ids |= wanted & set(columns.filter(mask)["id"].to_pylist())
        masks[place(manifest)] = pa.concat_arrays(parts)
    for where, event_ids in deliveries.items():
        masks[where] = pc.or_(masks[where], pa.array([one in related.row_ids for one in event_ids], pa.bool_()))
    for manifest in manifests:
        keys = set_aside[place(manifest)]
        aside = pa.array([_is_theirs(manifest, key, subjects, related) for key in keys], pa.bool_())
        if masks[place(manifest)].true_count or aside.true_count or place(manifest) in claimed:
            related.affected.append(Affected(manifest, masks[place(manifest)], aside))


def _names_one(table: str, row: dict[str, Any], subjects: ErasedSubjects, related: Related) -> bool:
    """Whether a row of Stripe's is theirs, or told once that it was."""
    if not related.stripe_ids.isdisjoint(row_ids(table, row)):
        return True
    return any(subjects.holds("account", account_id) for account_id in accounts_named(row))


def _is_theirs(manifest: Manifest, key: str | None, subjects: ErasedSubjects, related: Related) -> bool:
    """Whether a row that was set aside under this key is somebody's who is erased."""
    if not key:
        return False
    if manifest.source == STRIPE:
        return key in related.stripe_ids
    kind = SELVES.get(manifest.table)
    return key in related.row_ids or (kind is not None and subjects.holds(kind, key))


def place(manifest: Manifest) -> str:
    """`raw_app/events/received_date=2026-11-01`, for people and as a key."""
    return f"raw_{manifest.source}/{manifest.table}/{manifest.partition_key}={manifest.partition_value}"


def read_columns(lake: Lake, manifest: Manifest, names: tuple[str, ...]) -> Iterator[pa.Table]:
    """Those of the columns that a partition has, in parts of bounded size."""
    # A few columns of a day: a buffer for the whole row group, or a thread a column, would be more work than reading.
    with pq.ParquetFile(partition_folder(lake, manifest) / DATA_FILE, pre_buffer=False) as file:
        known = file.schema_arrow.names
        held = [name for name in names if name in known]
        for batch in file.iter_batches(BATCH_ROWS, columns=held, use_threads=False):
            yield pa.Table.from_batches([batch])


def partition_folder(lake: Lake, manifest: Manifest) -> Path:
    """Where the partition lies."""
    return lake.partition(manifest.source, manifest.table, manifest.partition_key, manifest.partition_value)


def set_aside_keys(lake: Lake, manifest: Manifest) -> list[str | None]:
    """Keys of the rows that a partition set aside, in their order; empty when there are none."""
    if QUARANTINE_FILE not in manifest.files:
        return []
    keys: list[str | None] = pq.read_table(partition_folder(lake, manifest) / QUARANTINE_FILE)["key"].to_pylist()
    return keys


def _is_of_folds(manifest: Manifest) -> bool:
    return (manifest.source, manifest.table) == (DELIVERIES.source, DELIVERIES.name)


def _deliveries_by_id(lake: Lake, manifest: Manifest) -> list[str | None]:
    """The event of each delivery that folds have counted, where nothing else tells whose it is: of no conversation."""
    return [
        None if row["conversation_id"] else row["event_id"]
        for rows in read_columns(lake, manifest, ("event_id", "conversation_id"))
        for row in rows.to_pylist()
    ]


def _agents(lake: Lake, subjects: ErasedSubjects) -> None:
    """The agents of erased accounts join, by every snapshot there is."""
    for manifest in read_manifests(lake, "app", "agents"):
        for rows in read_columns(lake, manifest, ("id", "account_id")):
            subjects.rows("agents", rows)


def _claims(lake: Lake) -> dict[str, list[tuple[str, bool]]]:
    """The accounts that name each Stripe customer, the one created first at the front; and whether they do now."""
    claims: dict[str, dict[tuple[Any, str], bool]] = {}
    manifests = read_manifests(lake, "app", "accounts")
    for manifest in manifests:
        for rows in read_columns(lake, manifest, ("id", "created_at", "stripe_customer_id")):
            for row in rows.to_pylist():
                if row["stripe_customer_id"]:
                    of_customer = claims.setdefault(row["stripe_customer_id"], {})
                    of_customer[row["created_at"], row["id"]] = manifest is manifests[-1]
    return {
        customer: [(account, by[created_at, account]) for created_at, account in sorted(by)]
        for customer, by in claims.items()
    }


def _customers(lake: Lake) -> dict[str, str | None]:
    """Every customer, and the account that its newest version names."""
    named: dict[str, str | None] = {}
    # Of one that was deleted Stripe lists no more than what it was billed.
    for table in ("subscriptions", "invoices"):
        for row in _stripe_table(lake, table):
            if customer := payload_of(row["payload"]).get("customer"):
                named[customer] = None
    for row in _stripe_table(lake, "customers"):
        named[row["id"]] = (payload_of(row["payload"]).get("metadata") or {}).get("account_id")
    return named


def _stripe(lake: Lake, subjects: ErasedSubjects, claims: dict[str, list[tuple[str, bool]]], related: Related) -> None:
    for customer, account in _customers(lake).items():
        claiming = claims.get(customer, [])
        account_id = account or (claiming[0][0] if claiming else f"stripe:{customer}")
        if subjects.holds("account", account_id):
            related.customers[customer] = account_id
            if any(is_named_now and not subjects.holds("account", other) for other, is_named_now in claiming):
                related.shared_customers.append(customer)
    subjects.join("stripe", related.customers)
    related.stripe_ids.update(related.customers)
    before = -1
    # Until nothing new is named: a charge may be known by its payment alone.
    while len(related.stripe_ids) > before:
        before = len(related.stripe_ids)
        for table in _STRIPE_TABLES:
            for row in _stripe_table(lake, table):
                ids = row_ids(table, row)
                if subjects.owns(ids):
                    related.stripe_ids.update(ids)
    states: dict[str, str] = {}
    for row in _stripe_table(lake, "subscriptions"):
        payload = payload_of(row["payload"])
        if payload.get("customer") in related.customers:
            states[row["id"]] = str(payload.get("status"))
    related.open_subscriptions = sorted(name for name, state in states.items() if state not in ENDED)


def _stripe_table(lake: Lake, table: str) -> Iterator[dict[str, Any]]:
    """Rows of a table, oldest day first."""
    for manifest in read_manifests(lake, STRIPE, table):
        yield from stripe_rows(lake, manifest)


def stripe_rows(lake: Lake, manifest: Manifest) -> Iterator[dict[str, Any]]:
    """The rows of a partition of Stripe's, with the columns in which ids stand."""
    columns = ("id", "type", "object_id", "payload", "previous_payload")
    for rows in read_columns(lake, manifest, columns):
        yield from rows.to_pylist()
