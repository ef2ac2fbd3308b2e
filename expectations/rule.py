"""A rule: a check together with how it is measured.

Belongs here: the few shapes of rules that both gates share. Does not belong here: the rules themselves (batch_rules,
product_marts, …) and the code that runs them. Every rule becomes one column of its table's profile, named like the
check, and one expectation on that column: between `minimum` and `maximum`.
"""

from __future__ import annotations

from dataclasses import dataclass

from expectations.report import CheckSpec


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A measure that must lie within limits; what measures it is decided by the subclass or the profile.

    unit: what the measure counts, for the sentence people read (`rows`, `share`, …).
    """

    spec: CheckSpec
    minimum: float | None = None
    maximum: float | None = 0
    unit: str = "rows"


@dataclass(frozen=True, kw_only=True)
class RowRule(Rule):
    """No row may satisfy `violation`, an SQL condition over one row; NULL counts as no violation."""

    violation: str


@dataclass(frozen=True, kw_only=True)
class KeyRule(Rule):
    """No two rows of a partition (of a mart: of the table) share `columns`. Measured in rows beyond the first."""

    columns: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class QueryRule(Rule):
    """`measure` is a scalar subquery over the whole table, `examples` a query of one text column."""

    measure: str
    examples: str
