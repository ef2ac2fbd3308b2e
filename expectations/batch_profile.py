"""Measuring staged batches: one scan of a table's Parquet files by DuckDB, however many there are.

Belongs here: the SQL around the rules and the examples of offending rows. Does not belong here: the rules, the
limits, Great Expectations.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from expectations.batch_baseline import (
    COLUMNS_MATCH,
    VOLUME_HOLDS,
    measure_batch,
    measure_partition,
)
from expectations.batch_volume import landed_before, rows_expected, rows_replaced
from expectations.keys import shown
from expectations.profile import Profile
from expectations.raw_tables import RawTable
from expectations.report import BatchFile, PartitionCount
from expectations.rule import KeyRule, QueryRule, RowRule, Rule
from expectations.thresholds import EXAMPLE_COUNT

if TYPE_CHECKING:
    import duckdb

ALL_PARTITIONS = "all partitions together"

# Paths, partition values and subjects are bound, never pasted: file names come from people.
_BATCH = """
with partition_file as (
    select unnest($paths) as filename, unnest($values) as partition_value, unnest($subjects) as subject
), batch as (
    select scanned.*, partition_file.partition_value, partition_file.subject
    from read_parquet($paths, filename = true, file_row_number = true, hive_partitioning = false) as scanned
    inner join partition_file using (filename)
)
"""


class BatchScan:
    """The staged files of one raw table, readable by SQL as `batch`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, table: RawTable, batches: Sequence[BatchFile]) -> None:
        self._connection = connection
        self.table = table
        self.batches = sorted(batches, key=lambda batch: batch.partition_value)
        self._files: dict[str, list[str]] = {
            "paths": [str(batch.path) for batch in self.batches],
            "values": [batch.partition_value for batch in self.batches],
            "subjects": [batch.subject for batch in self.batches],
        }

    def profile(self, rules: tuple[Rule, ...], previous: Sequence[PartitionCount]) -> Profile:
        """Measure every rule per partition, and what only a sum can prove for all of them together.

        Files whose columns differ from the contract are not scanned: the profile then holds the differences only.
        """
        subjects = (*(batch.subject for batch in self.batches), ALL_PARTITIONS)
        differences = self._column_differences()
        by_subject: dict[str, dict[str, float | None]] = {subject: {} for subject in subjects}
        for batch in self.batches:
            by_subject[batch.subject][COLUMNS_MATCH] = len(differences.get(batch.subject, ()))
        if not differences:
            self._measure_rows(rules, by_subject)
            self._measure_keys(rules, by_subject)
            self._measure_counts(rules, previous, by_subject)
            for rule in rules:
                if isinstance(rule, QueryRule):
                    by_subject[ALL_PARTITIONS][rule.spec.name] = self._rows(f"select {rule.measure}")[0][0]
        told = [f"{subject}: {text}" for subject, texts in differences.items() for text in texts]
        return Profile(
            asset=self.table.asset,
            rules=rules,
            subjects=subjects,
            measures={
                rule.spec.name: tuple(by_subject[subject].get(rule.spec.name) for subject in subjects) for rule in rules
            },
            unmeasured="not judged: the columns differ from the contract" if differences else "nothing to judge",
            notes={COLUMNS_MATCH: tuple(told[:EXAMPLE_COUNT])},
        )

    def examples(self, rule: Rule, subjects: Sequence[str]) -> tuple[str, ...]:
        """Where the first offenders are: partition, row of the file and key; for rules on counts the partitions."""
        if isinstance(rule, QueryRule):
            return self._texts(rule.examples)
        if isinstance(rule, KeyRule):
            key = ", ".join(rule.columns)
            offenders = f"select * from batch qualify count(*) over (partition by subject, {key}) > 1"
        elif isinstance(rule, RowRule):
            offenders = f"select * from batch where {rule.violation}"
        else:
            return tuple(subject for subject in subjects if subject != ALL_PARTITIONS)[:EXAMPLE_COUNT]
        named = "".join(f" || ' {column}=' || {shown(column)}" for column in self.table.named_by)
        return self._texts(
            f"select subject || ' row ' || (file_row_number + 1){named} from ({offenders})"
            " where list_contains($failing, subject) order by subject, file_row_number",
            failing=list(subjects),
        )

    def _measure_rows(self, rules: Sequence[Rule], by_subject: dict[str, dict[str, float | None]]) -> None:
        row_rules = [rule for rule in rules if isinstance(rule, RowRule)]
        offenders = "".join(f", count(*) filter (where {rule.violation})" for rule in row_rules)
        found = {row[0]: row[1:] for row in self._rows(f"select subject{offenders} from batch group by subject")}
        none = (0,) * len(row_rules)
        for batch in self.batches:
            for rule, count in zip(row_rules, found.get(batch.subject, none), strict=True):
                by_subject[batch.subject][rule.spec.name] = count

    def _measure_keys(self, rules: Sequence[Rule], by_subject: dict[str, dict[str, float | None]]) -> None:
        for rule in (rule for rule in rules if isinstance(rule, KeyRule)):
            key = ", ".join(rule.columns)
            repeated = dict(
                self._rows(
                    "select subject, sum(copies - 1)::bigint from ("
                    f"select subject, count(*) as copies from batch group by subject, {key} having count(*) > 1"
                    ") group by subject"
                )
            )
            for batch in self.batches:
                by_subject[batch.subject][rule.spec.name] = repeated.get(batch.subject, 0)

    def _measure_counts(
        self,
        rules: Sequence[Rule],
        previous: Sequence[PartitionCount],
        by_subject: dict[str, dict[str, float | None]],
    ) -> None:
        min_ratio = next(rule.minimum for rule in rules if rule.spec.name == VOLUME_HOLDS) or 0
        landed = landed_before(previous, self.table)
        rows_in_file = dict(self._rows("select subject, count(*) from batch group by subject"))
        replaced = 0
        for batch in self.batches:
            replaced += rows_replaced(batch, landed, self.table.rhythm)
            before = rows_expected(batch, landed, self.table.rhythm, min_ratio)
            by_subject[batch.subject] |= measure_partition(batch, rows_in_file.get(batch.subject, 0), before)
        by_subject[ALL_PARTITIONS] |= measure_batch(self.batches, replaced)

    def _column_differences(self) -> dict[str, list[str]]:
        """What is missing, unknown or of another type, by subject; empty when every file is as promised."""
        rows = self._connection.execute(
            "select file_name, name, duckdb_type from parquet_schema($paths) where column_id > 0",
            {"paths": self._files["paths"]},
        ).fetchall()
        found: dict[str, dict[str, str]] = {path: {} for path in self._files["paths"]}
        for path, name, type_ in rows:
            found[path][name] = type_
        differences: dict[str, list[str]] = {}
        for batch in self.batches:
            columns = found[str(batch.path)]
            texts = [f"column {name} is missing" for name in self.table.columns if name not in columns]
            texts += [f"column {name} is unknown" for name in columns if name not in self.table.columns]
            texts += [
                f"column {name} is {columns[name]}, not {type_}"
                for name, type_ in self.table.columns.items()
                if columns.get(name, type_) != type_
            ]
            if texts:
                differences[batch.subject] = texts
        return differences

    def _rows(self, query: str, **parameters: Any) -> list[tuple[Any, ...]]:
        return self._connection.execute(_BATCH + query, {**self._files, **parameters}).fetchall()

    def _texts(self, query: str, **parameters: Any) -> tuple[str, ...]:
        return tuple(str(row[0]) for row in self._rows(f"{query} limit {EXAMPLE_COUNT}", **parameters))
