"""Measuring marts: the warehouse opened read-only, a few aggregates a mart.

Belongs here: the SQL around the rules and the keys of offending rows. Does not belong here: the rules, Great
Expectations.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import TYPE_CHECKING, Any

from expectations.keys import shown
from expectations.mart_contract import COLUMNS_PRESENT, NUMBERS_EXACT, Feeder, Mart
from expectations.profile import Profile
from expectations.rule import KeyRule, QueryRule, RowRule, Rule
from expectations.thresholds import EXAMPLE_COUNT

if TYPE_CHECKING:
    import duckdb

ABSENT = "not judged: the mart is not in the file"


class MartScan:
    """One mart of an open warehouse, readable by SQL as `mart`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, mart: Mart, as_of_date: date) -> None:
        self._connection = connection
        self._as_of = as_of_date
        self.mart = mart

    def profile(self, expected: Collection[str]) -> Profile:
        """Measure every rule over the whole mart.

        expected: names of the marts that must be in the file; an absent mart fails only if it is among them. A mart
        without a column that the rules read is not measured further.
        """
        types = self._column_types(self.mart.asset)
        rules = self.mart.rules
        if not types and self.mart.name not in expected:
            return self._unmeasured(rules, {}, ABSENT, ())
        missing = [column for column in (*self.mart.key, *self.mart.columns) if column not in types]
        if missing:
            notes = ("the mart is not in the file",) if not types else tuple(missing[:EXAMPLE_COUNT])
            reason = "not judged: columns are missing" if types else ABSENT
            return self._unmeasured(rules, {COLUMNS_PRESENT: len(missing)}, reason, notes)
        inexact = [name for name, type_ in types.items() if type_ in {"FLOAT", "DOUBLE"}]
        measures: dict[str, float | None] = {COLUMNS_PRESENT: 0, NUMBERS_EXACT: len(inexact)}
        measures |= self._measure_rows([rule for rule in rules if isinstance(rule, RowRule)])
        for rule in rules:
            if isinstance(rule, KeyRule):
                key = ", ".join(rule.columns)
                measures[rule.spec.name] = self._value(
                    f"select coalesce(sum(copies - 1), 0)::bigint from"
                    f" (select count(*) as copies from mart group by {key} having count(*) > 1)"
                )
            elif isinstance(rule, QueryRule):
                measures[rule.spec.name] = self._value(f"select {rule.measure}")
        is_empty = self._value("select count(*) from (select 1 from mart limit 1)") == 0
        for feeder, rule in zip(self.mart.feeders, self.mart.volume_rules, strict=True):
            measures[rule.spec.name] = self._starved(feeder, is_empty)
        return Profile(
            asset=self.mart.asset,
            rules=rules,
            subjects=(self._name,),
            measures={name: (value,) for name, value in measures.items()},
            notes={NUMBERS_EXACT: tuple(inexact[:EXAMPLE_COUNT])},
        )

    def examples(self, rule: Rule) -> tuple[str, ...]:
        """Keys of the first offenders, or what a query rule names."""
        if isinstance(rule, QueryRule):
            return self._texts(rule.examples)
        if isinstance(rule, KeyRule):
            offenders = f"select * from mart qualify count(*) over (partition by {', '.join(rule.columns)}) > 1"
        elif isinstance(rule, RowRule):
            offenders = f"select * from mart where {rule.violation}"
        else:
            return ()
        named = " || ' ' || ".join(f"'{column}=' || {shown(column)}" for column in self.mart.key)
        return self._texts(f"select {named} from ({offenders}) order by {', '.join(self.mart.key)}")

    @property
    def _name(self) -> str:
        return ".".join(self.mart.asset)

    def _unmeasured(
        self, rules: tuple[Rule, ...], measures: dict[str, int], reason: str, notes: tuple[str, ...]
    ) -> Profile:
        return Profile(
            asset=self.mart.asset,
            rules=rules,
            subjects=(self._name,),
            measures={name: (value,) for name, value in measures.items()},
            unmeasured=reason,
            notes={COLUMNS_PRESENT: notes},
        )

    def _measure_rows(self, rules: list[RowRule]) -> dict[str, float | None]:
        offenders = ", ".join(f"count(*) filter (where {rule.violation})" for rule in rules)
        counts = self._rows(f"select {offenders} from mart")[0]
        return {rule.spec.name: count for rule, count in zip(rules, counts, strict=True)}

    def _starved(self, feeder: Feeder, is_empty: bool) -> float | None:
        """1 when the source has rows and the mart has none; None when the source is not here to be compared with."""
        columns = self._column_types(feeder.relation)
        if not columns or any(column not in columns for column in feeder.columns):
            return None
        if not is_empty:
            return 0
        relation = ".".join(f'"{part}"' for part in feeder.relation)
        return self._value(f"select count(*) from (select 1 from {relation} where {feeder.condition} limit 1)")

    def _column_types(self, relation: tuple[str, str]) -> dict[str, str]:
        rows = self._connection.execute(
            "select column_name, data_type from duckdb_columns()"
            " where database_name = current_database() and schema_name = $schema and table_name = $name"
            " order by column_index",
            {"schema": relation[0], "name": relation[1]},
        ).fetchall()
        return dict(rows)

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        text = f'with mart as (from "{self.mart.asset[0]}"."{self.mart.asset[1]}") {query}'
        return self._connection.execute(text, {"as_of": self._as_of} if "$as_of" in text else None).fetchall()

    def _value(self, query: str) -> float | None:
        value: float | None = self._rows(query)[0][0]
        return value

    def _texts(self, query: str) -> tuple[str, ...]:
        return tuple(str(row[0]) for row in self._rows(f"{query} limit {EXAMPLE_COUNT}"))
