"""The lake as if somebody had never been: partitions written anew without their rows, or with other ids in them.

Belongs here: one partition after another through staging and commit, which makes each old or new, never half. Does not:
what is whose (related), which ids become which (replacement).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingestion.contract import QUARANTINE_SCHEMA, RunContext, StagedBatch, TableContract
from ingestion.erasure.related import (
    BATCH_ROWS,
    STRIPE,
    Affected,
    partition_folder,
    place,
)
from ingestion.erasure.replacement import Plan
from ingestion.erasure.stripe_ids import is_catalogue, payload_of, replaced
from ingestion.erasure.subjects import ErasedSubjects
from ingestion.lake import DATA_FILE, QUARANTINE_FILE, Lake
from ingestion.landing import commit, discard
from ingestion.manifest import Manifest
from ingestion.sources.app.contract import ACCOUNTS, AGENTS, EVENTS
from ingestion.sources.stripe.contract import TABLES
from ingestion.sources.stripe.prune import canonical
from ingestion.staging import PartitionWriter, Provenance, finish_while_writing

# Committed together: a commit mostly waits for the disk.
COMMITTED_TOGETHER = 16
_CONTRACTS = {(table.source, table.name): table for table in (ACCOUNTS, AGENTS, EVENTS, *TABLES.values())}


@dataclass(frozen=True)
class Rewriting:
    """What a rewriting is of: the lake, in which run, whom, the partitions with their rows, and their new ids."""

    lake: Lake
    run: RunContext
    subjects: ErasedSubjects
    affected: Sequence[Affected]
    plan: Plan

    def rewrite(self) -> None:
        """Rewrite the affected partitions. May be killed anywhere and called again with the same plan.

        Rows of behaviour go, and what was set aside of theirs; the manifest counts as if they had never been read (of
        rows set aside that have left since nobody can tell whose they were: those stay counted). Rows of money stay,
        under the plan's ids.
        """
        try:
            for start in range(0, len(self.affected), COMMITTED_TOGETHER):
                together = self.affected[start : start + COMMITTED_TOGETHER]
                self.run.progress(f"rewriting {place(together[0].manifest)}, {start} of {len(self.affected)} done")
                staged = finish_while_writing(writer for one in together for writer in self._written(one))
                commit(self.lake, StagedBatch("erasure", tuple(staged)))
        finally:
            discard(self.lake, self.run.run_id)

    def _written(self, affected: Affected) -> Iterator[PartitionWriter]:
        """The partition as it will be, ready to be finished."""
        manifest = affected.manifest
        folder = partition_folder(self.lake, manifest)
        # As it was read: the instant, the source and how far it was read are the reading's, not this rewriting's.
        reading = replace(self.run, instant=manifest.read_at)
        provenance = Provenance(
            manifest.origin, key_id=manifest.key_id, read_to=manifest.read_to, coverage=manifest.coverage
        )
        with pq.ParquetFile(folder / DATA_FILE) as file:
            contract = contract_of(manifest, file.schema_arrow)
            with PartitionWriter(self.lake, reading, contract, manifest.partition_value, provenance) as writer:
                read = 0
                for batch in file.iter_batches(BATCH_ROWS, use_threads=False):
                    theirs = affected.theirs.slice(read, batch.num_rows)
                    writer.write(self._kept(manifest, pa.Table.from_batches([batch]), theirs))
                    read += batch.num_rows
                if QUARANTINE_FILE in manifest.files:
                    aside = pq.read_table(folder / QUARANTINE_FILE).cast(QUARANTINE_SCHEMA)
                    writer.set_aside(aside.filter(pc.invert(affected.theirs_set_aside)))
                else:
                    writer.count_set_aside(manifest.quarantined_by_reason)
                writer.count_nulled(manifest.nulled_values)
                yield writer

    def _kept(self, manifest: Manifest, rows: pa.Table, theirs: pa.BooleanArray) -> pa.Table:
        if manifest.source != STRIPE:
            return self.subjects.without_claims(rows.filter(pc.invert(theirs)))
        changed = [self._renamed(manifest.table, row) for row in rows.to_pylist()]
        return pa.Table.from_pylist(changed, rows.schema)

    def _renamed(self, table: str, row: dict[str, Any]) -> dict[str, Any]:
        """The row under the plan's ids, unchanged where it names nobody erased."""
        if is_catalogue(table, row.get("type")):
            return row
        ids = self.plan.ids
        renamed = {**row, "id": ids.get(row["id"], row["id"])}
        if row.get("object_id"):
            renamed["object_id"] = ids.get(row["object_id"], row["object_id"])
        for column in ("payload", "previous_payload"):
            if row.get(column):
                before = payload_of(row[column])
                after = self._with_its_account(before, replaced(before, ids))
                renamed[column] = canonical(after) if after != before else row[column]
        return renamed

    def _with_its_account(self, before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
        """The payload with its account under the plan's id, or without one that it was of once and that is erased."""
        metadata = after.get("metadata") or {}
        account = self.plan.accounts.get(before.get("id", ""))
        if account is not None:
            # Its account would else be found through the app's table, where it no longer stands.
            return {**after, "metadata": {**metadata, "account_id": account}}
        if metadata.get("account_id") and self.subjects.holds("account", metadata["account_id"]):
            return {**after, "metadata": {name: value for name, value in metadata.items() if name != "account_id"}}
        return after


def contract_of(manifest: Manifest, schema: pa.Schema) -> TableContract:
    """The partition's own columns, whichever version of its table wrote it."""
    known = _CONTRACTS.get((manifest.source, manifest.table))
    return TableContract(
        source=manifest.source,
        name=manifest.table,
        partition_key=manifest.partition_key,
        schema=schema,
        key_columns=known.key_columns if known is not None else (),
        window="as it was read",
        schema_version=manifest.schema_version,
    )
