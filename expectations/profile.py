"""A profile: what DuckDB measured of one table, small enough to validate whatever the table's size.

Belongs here: the shape of a profile and the sentences made of it. Does not belong here: SQL and Great Expectations.
A profile has one row per subject (a partition, all partitions together, or the mart) and one column per rule.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from expectations.report import Asset
from expectations.rule import Rule


@dataclass
class Profile:
    """Measures of one table.

    measures: by check name, one number per subject, in the subjects' order; None is "nothing to judge here".
    unmeasured: why rules without measures have none, in words.
    notes: examples known while measuring, by check name.
    """

    asset: Asset
    rules: tuple[Rule, ...]
    subjects: tuple[str, ...]
    measures: dict[str, tuple[float | None, ...]]
    unmeasured: str = "nothing to judge"
    notes: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def measured_rules(self) -> tuple[Rule, ...]:
        """Rules with at least one number to judge."""
        return tuple(
            rule for rule in self.rules if any(value is not None for value in self.measures.get(rule.spec.name, ()))
        )

    def observed(self, rule: Rule) -> str:
        """What was measured, as a sentence: totals where nothing is allowed, else the worst subject."""
        judged = [
            (value, subject)
            for value, subject in zip(self.measures.get(rule.spec.name, ()), self.subjects, strict=False)
            if value is not None
        ]
        if not judged:
            return self.unmeasured
        if rule.minimum is None and rule.maximum == 0:
            where = sum(1 for value, _ in judged if value)
            total = f"{sum(value for value, _ in judged):g} {rule.unit}"
            return f"{total} in {where} of {len(judged)} partitions" if len(judged) > 1 else total
        worst, subject = max(judged) if rule.minimum is None else min(judged)
        limit = f"at most {rule.maximum:g}" if rule.minimum is None else f"at least {rule.minimum:g}"
        return f"{worst:.4g} {rule.unit} ({subject}; allowed: {limit})"
