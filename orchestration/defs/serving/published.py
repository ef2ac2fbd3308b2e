"""The published version: the end of the lineage."""

import dagster as dg

from orchestration.failures import RunFailedError
from orchestration.lib.dbt_build import parse_project
from orchestration.lib.publishing import publish_warehouse
from orchestration.lib.session import RunSession
from orchestration.settings import load_settings


@dg.definitions
def published() -> dg.Definitions:
    """One asset, after every mart and every blocking check of gate 2."""
    project = parse_project(load_settings())

    @dg.asset(
        key=["published", "warehouse"],
        deps=[dg.AssetKey(["marts", name]) for name in project.marts],
        group_name="serving",
        kinds={"duckdb"},
        owners=["team:data"],
        description="The version people read: only marts, read-only, with row counts, hashes and metric definitions.",
    )
    def warehouse(context: dg.AssetExecutionContext, session: dg.ResourceParam[RunSession]) -> dg.MaterializeResult:
        try:
            version = publish_warehouse(session, context.run.run_id, project.document)
        except RunFailedError as error:
            raise dg.Failure(str(error), allow_retries=False) from error
        return dg.MaterializeResult(
            metadata={
                "version": version.id,
                "as_of_date": version.as_of_date.isoformat(),
                "path": dg.MetadataValue.path(version.path),
            }
        )

    return dg.Definitions(assets=[warehouse])
