"""Gate 2: what must hold in the marts before anybody reads them."""

from collections.abc import Iterator

import dagster as dg

from expectations.catalogue import mart_checks
from orchestration.defs.gates import check_results, check_specs, refusal
from orchestration.lib.audit import audit_warehouse
from orchestration.lib.dbt_build import parse_project
from orchestration.lib.session import RunSession
from orchestration.settings import load_settings


@dg.definitions
def marts_gate() -> dg.Definitions:
    """The checks of the marts that the dbt project has."""
    marts = parse_project(load_settings()).marts
    checks = [check for check in mart_checks() if check.asset[1] in marts]
    expected = sorted({check.asset[1] for check in checks})
    specs = check_specs(checks)

    @dg.multi_asset_check(name="gate_2", specs=specs, description="Great Expectations on the marts.")
    def gate_2(
        context: dg.AssetCheckExecutionContext, session: dg.ResourceParam[RunSession]
    ) -> Iterator[dg.AssetCheckResult]:
        report = audit_warehouse(session, context.run.run_id, expected)
        yield from check_results(report, {spec.key for spec in specs})
        if report.blocking_failures:
            raise refusal("gate 2", report)

    return dg.Definitions(asset_checks=[gate_2])
