"""How the two gates of `expectations` appear in Dagster: their checks as specs, their reports as results."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

import dagster as dg

from expectations.report import CheckSpec, Report


def check_specs(checks: Iterable[CheckSpec]) -> list[dg.AssetCheckSpec]:
    """One asset check a claim. A blocking one holds back whatever comes after its asset."""
    return [
        dg.AssetCheckSpec(
            check.name,
            asset=dg.AssetKey(check.asset),
            description=check.description,
            blocking=check.severity == "block",
        )
        for check in checks
    ]


def check_results(report: Report, selected: Collection[dg.AssetCheckKey]) -> Iterator[dg.AssetCheckResult]:
    """The selected results of a report, with what was observed and where to look."""
    for result in report.results:
        if dg.AssetCheckKey(dg.AssetKey(result.spec.asset), result.spec.name) not in selected:
            continue
        yield dg.AssetCheckResult(
            asset_key=dg.AssetKey(result.spec.asset),
            check_name=result.spec.name,
            passed=result.passed,
            severity=dg.AssetCheckSeverity.ERROR if result.spec.severity == "block" else dg.AssetCheckSeverity.WARN,
            description=result.observed,
            metadata={"examples": list(result.examples)} if result.examples else {},
        )


def refusal(gate: str, report: Report) -> dg.Failure:
    """The failure of a run whose report has blocking failures: all of them in one line."""
    failures = report.blocking_failures
    return dg.Failure(
        f"{gate} refuses: {' | '.join(failure.message for failure in failures)}",
        metadata={"failed_checks": len(failures)},
        allow_retries=False,
    )
