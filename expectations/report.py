"""What a gate says: checks, results, the report, and the plain facts about batches it is asked about.

Belongs here: the values that cross the border between this package and its callers. Does not belong here: rules,
measuring, and anything of Great Expectations or Dagster. Importing it costs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from expectations.thresholds import EXAMPLE_COUNT

Severity = Literal["block", "warn"]
Asset = tuple[str, str]


@dataclass(frozen=True)
class CheckSpec:
    """One check of one table.

    asset: schema and table, such as `("raw_app", "events")` or `("marts", "revenue_monthly")`.
    name: reads as a claim, and is unique within the asset.
    severity: `block` stops the batch or the publication, `warn` is reported and goes on.
    """

    asset: Asset
    name: str
    severity: Severity
    description: str

    @property
    def address(self) -> str:
        """`raw_app.events: event_keys_are_complete`, as it stands in messages."""
        return f"{'.'.join(self.asset)}: {self.name}"


@dataclass(frozen=True)
class BatchFile:
    """One staged partition (docs/lake.md) that has not landed yet.

    source: without `raw_`, such as `app`. path: the staged `data.parquet`. The three counts are rows.
    is_whole: false for a part of what its partition stands for: a day that is not over, the changes of a list.
    is_history: a day of long ago, read for the first time; it is not tonight's work of the source.
    """

    source: str
    table: str
    partition_key: str
    partition_value: str
    path: Path
    source_rows: int
    landed_rows: int
    quarantined_rows: int
    is_whole: bool = True
    is_history: bool = False

    @property
    def asset(self) -> Asset:
        return (f"raw_{self.source}", self.table)

    @property
    def subject(self) -> str:
        """`received_date=2026-11-01`: how the partition is named in reports."""
        return f"{self.partition_key}={self.partition_value}"


@dataclass(frozen=True)
class PartitionCount:
    """How many rows a partition that is already in the lake holds (its manifest's `landed_rows`).

    is_whole: as in `BatchFile`, when it landed.
    """

    source: str
    table: str
    partition_value: str
    landed_rows: int
    is_whole: bool = True

    @property
    def asset(self) -> Asset:
        return (f"raw_{self.source}", self.table)


@dataclass(frozen=True)
class CheckResult:
    """The answer of one check.

    observed: what was measured, in words. examples: where to look (ids, partitions, file rows), never personal data;
    empty when the check passed. was_judged: false when nothing arrived that it could be asked of.
    """

    spec: CheckSpec
    passed: bool
    observed: str
    examples: tuple[str, ...] = ()
    was_judged: bool = True

    @property
    def message(self) -> str:
        """One line for people: what failed, by how much, and where to look."""
        where = f" (for example {'; '.join(self.examples)})" if self.examples else ""
        return f"{self.spec.address}: {self.observed}{where}"


@dataclass(frozen=True)
class Report:
    """Every check of a gate, in the catalogue's order."""

    results: tuple[CheckResult, ...]

    @property
    def blocking_failures(self) -> tuple[CheckResult, ...]:
        """Failed checks that forbid landing or publishing."""
        return tuple(result for result in self.results if not result.passed and result.spec.severity == "block")

    @property
    def warnings(self) -> tuple[CheckResult, ...]:
        """Failed checks that are told, and stop nothing."""
        return tuple(result for result in self.results if not result.passed and result.spec.severity == "warn")


def merged(reports: Sequence[Report]) -> Report:
    """One report of several over the same checks: what failed once has failed, and says each time it did.

    reports: at least one, in the order in which they were made.
    """
    return Report(
        tuple(_merged_result(answers) for answers in zip(*(report.results for report in reports), strict=True))
    )


def _merged_result(answers: tuple[CheckResult, ...]) -> CheckResult:
    told = [answer for answer in answers if not answer.passed] or [answer for answer in answers if answer.was_judged]
    if not told:
        return answers[0]
    return CheckResult(
        spec=told[0].spec,
        passed=told[0].passed,
        observed="; ".join(dict.fromkeys(answer.observed for answer in told)),
        examples=tuple(example for answer in told for example in answer.examples)[:EXAMPLE_COUNT],
    )
