"""Every model and seed of the dbt project as an asset, its tests as checks, built by one `dbt build`."""

from collections.abc import Iterator

import dagster as dg
from dagster_dbt import dbt_assets
from dagster_dbt.asset_utils import DAGSTER_DBT_UNIQUE_ID_METADATA_KEY

from orchestration.defs.warehouse.translator import ModelTranslator
from orchestration.failures import RunFailedError
from orchestration.lib.dbt_build import BuildResult, NodeResult, parse_project
from orchestration.lib.session import RunSession
from orchestration.lib.warehouse import build
from orchestration.settings import load_settings

FAILURES_TOLD = 5


@dg.definitions
def dbt_models() -> dg.Definitions:
    """The assets of the manifest, with the step that builds them."""
    project = parse_project(load_settings())

    @dbt_assets(manifest=project.document, name="dbt_build", dagster_dbt_translator=ModelTranslator())
    def models(
        context: dg.AssetExecutionContext, session: dg.ResourceParam[RunSession]
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        specs = {
            spec.metadata[DAGSTER_DBT_UNIQUE_ID_METADATA_KEY]: spec
            for spec in context.assets_def.specs
            if spec.key in context.selected_asset_keys
        }
        checks = {
            spec.metadata[DAGSTER_DBT_UNIQUE_ID_METADATA_KEY]: spec
            for spec in context.assets_def.check_specs
            if spec.key in context.selected_asset_check_keys
        }
        select = [unique_id.split(".")[2] for unique_id in sorted(specs)] if context.is_subset else []
        try:
            outcome = build(session, project, select)
        except RunFailedError as error:
            raise dg.Failure(str(error), allow_retries=False) from error
        for node in outcome.result.nodes:
            if node.unique_id in specs and node.is_good:
                key = specs[node.unique_id].key
                rows = outcome.rows.get((key.path[0], key.path[-1]))
                yield dg.MaterializeResult(
                    asset_key=key,
                    metadata={"seconds": node.seconds, **({} if rows is None else {"dagster/row_count": rows})},
                )
            elif node.unique_id in checks and node.status != "skipped":
                yield _check_result(node, checks[node.unique_id])
        if outcome.result.failures:
            raise dg.Failure(_refusal(outcome.result), allow_retries=False)

    return dg.Definitions(assets=[models])


def _check_result(node: NodeResult, spec: dg.AssetCheckSpec) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        asset_key=spec.asset_key,
        check_name=spec.name,
        passed=node.status == "pass",
        severity=dg.AssetCheckSeverity.WARN if node.status == "warn" else dg.AssetCheckSeverity.ERROR,
        description=node.message,
        metadata={"failing_rows": node.failing_rows or 0, "seconds": node.seconds},
    )


def _refusal(result: BuildResult) -> str:
    told = [f"{failure.name}: {failure.message}" for failure in result.failures[:FAILURES_TOLD]]
    if len(result.failures) > FAILURES_TOLD:
        told.append(f"and {len(result.failures) - FAILURES_TOLD} more, see logs/dbt.log")
    return f"dbt could not build the warehouse: {' | '.join(told)}"
