"""Gate 2: what a mart's contract is made of, and the claims that several marts share.

Belongs here: the shape of a contract, the rules every mart must meet, builders of rules. Does not belong here: which
marts there are (product_marts, finance_marts, …), limits (thresholds), the running (mart_profile).
Conditions see the mart's columns and the parameter `$as_of`, a date; measures and examples read the mart as `mart`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from expectations.report import CheckSpec, Severity
from expectations.rule import KeyRule, QueryRule, RowRule, Rule

MARTS = "marts"
COLUMNS_PRESENT = "mart_is_built"
NUMBERS_EXACT = "numbers_are_exact"


@dataclass(frozen=True)
class Feeder:
    """What fills a mart: while `relation` has a row that meets `condition`, the mart must not be empty.

    Compared only when the relation is in the same file and has the `columns` that the condition reads.
    """

    relation: tuple[str, str]
    columns: tuple[str, ...] = ()
    condition: str = "true"


@dataclass(frozen=True)
class Mart:
    """A mart of METRICS 2: its key, the other columns the rules read, what feeds it, and its own claims."""

    name: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    feeders: tuple[Feeder, ...]
    own_rules: tuple[Rule, ...]

    @property
    def asset(self) -> tuple[str, str]:
        return (MARTS, self.name)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The claims every mart must meet, then its own."""
        missing_key = " or ".join(f"{column} is null" for column in self.key)
        return (
            Rule(
                spec=CheckSpec(self.asset, COLUMNS_PRESENT, "block", "The mart is in the file, with its columns."),
                unit="columns missing",
            ),
            Rule(
                spec=CheckSpec(
                    self.asset, NUMBERS_EXACT, "block", "No column is binary floating point: sums would not be exact."
                ),
                unit="columns of type FLOAT or DOUBLE",
            ),
            RowRule(
                spec=CheckSpec(self.asset, "key_is_complete", "block", "No part of the key is NULL."),
                violation=missing_key,
            ),
            KeyRule(
                spec=CheckSpec(self.asset, "key_is_unique", "block", "One row per key, as METRICS says."),
                columns=self.key,
            ),
            *self.volume_rules,
            *self.own_rules,
        )

    @property
    def volume_rules(self) -> tuple[Rule, ...]:
        """One rule for each feeder, in their order."""
        return tuple(
            Rule(
                spec=CheckSpec(
                    self.asset,
                    f"is_not_empty_while_{feeder.relation[1]}_has_rows",
                    "block",
                    f"While {'.'.join(feeder.relation)} has rows that belong here, so has the mart.",
                ),
                unit="source with rows, none in the mart",
            )
            for feeder in self.feeders
        )


def rows(mart: str, name: str, violation: str, description: str, severity: Severity = "block") -> RowRule:
    return RowRule(spec=CheckSpec((MARTS, mart), name, severity, description), violation=violation)


def is_one_of(mart: str, column: str, members: Sequence[str]) -> RowRule:
    """A closed set, which NULL is not of."""
    quoted = ", ".join(f"'{member}'" for member in members)
    return rows(
        mart,
        f"{column}_is_known",
        f"{column} is null or {column} not in ({quoted})",
        f"Every {column} is one of {', '.join(members)}.",
    )


def not_negative(mart: str, *columns: str) -> RowRule:
    return rows(
        mart,
        "numbers_are_not_negative",
        " or ".join(f"{column} < 0" for column in columns),
        f"Never below 0: {', '.join(columns)}.",
    )


def lies_within_unit(mart: str, *columns: str) -> RowRule:
    return rows(
        mart,
        "shares_lie_between_0_and_1",
        " or ".join(f"{column} not between 0 and 1" for column in columns),
        f"A part is no larger than its whole: {', '.join(columns)}.",
    )


def ends_by_as_of(mart: str, column: str) -> RowRule:
    return rows(
        mart, "no_date_lies_after_as_of", f"{column} > $as_of", f"No {column} lies after the last complete day."
    )


def reaches_as_of(mart: str, column: str, unit: str = "day") -> QueryRule:
    """The newest period is the one of `$as_of`; an empty mart is the volume rule's matter."""
    last = f"max({column})"
    return QueryRule(
        spec=CheckSpec((MARTS, mart), "reaches_as_of", "block", f"The newest {column} is the {unit} of as_of_date."),
        unit=f"{unit}s missing at the end",
        measure=f"(select date_diff('{unit}', {last}, date_trunc('{unit}', $as_of)) from mart)",
        examples=f"select 'last {column} ' || {last} from mart",
    )


def is_dense(mart: str, column: str, unit: str = "day") -> QueryRule:
    return QueryRule(
        spec=CheckSpec((MARTS, mart), f"every_{unit}_has_a_row", "block", f"No {unit} is missing between two others."),
        unit=f"{unit}s missing",
        measure=f"(select date_diff('{unit}', min({column}), max({column})) + 1 - count(distinct {column}) from mart)",
        examples=(
            f"select 'after ' || {column} from (select {column}, lead({column}) over (order by {column}) as following"
            f" from (select distinct {column} from mart))"
            f" where date_diff('{unit}', {column}, following) > 1 order by {column}"
        ),
    )


def has_row_of_all(mart: str, month: str, column: str, whole: str) -> QueryRule:
    """Each month has the row in which the parts are taken together."""
    without = f"(select {month} from mart group by {month} having count(*) filter (where {column} = '{whole}') = 0)"
    return QueryRule(
        spec=CheckSpec((MARTS, mart), f"every_month_has_{whole}", "block", f"Each {month} has its row of {whole}."),
        unit="months without",
        measure=f"(select count(*) from {without})",
        examples=f"select {month} from {without} order by {month}",
    )


def starts_its_month(mart: str, column: str) -> RowRule:
    return rows(
        mart,
        "months_are_first_days",
        f"{column} <> date_trunc('month', {column})",
        "A month is written as its first day.",
    )
