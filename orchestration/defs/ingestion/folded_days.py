"""What has been kept long enough leaves, every night between the lake and the warehouse: the page shows what.

The folded tables are its assets: the models read them, so that they come after it, and it after the events.
"""

from collections.abc import Iterator

import dagster as dg

from orchestration.dagster_instance import forget_runs_through
from orchestration.defs.ingestion.event_days import EVENTS
from orchestration.failures import RunFailedError
from orchestration.lib.dbt_build import parse_project
from orchestration.lib.retention import retain
from orchestration.lib.session import RunSession
from orchestration.settings import load_settings

FOLDED = "raw_folded"


@dg.definitions
def folded_days() -> dg.Definitions:
    """The folded tables, and the step that lets go of what is due."""
    sources = parse_project(load_settings()).document["sources"].values()
    specs = [
        dg.AssetSpec(
            [FOLDED, source["name"]],
            deps=[EVENTS],
            description=source["description"],
            group_name="ingestion",
            kinds={"python", "parquet"},
            owners=["team:data"],
        )
        for source in sources
        if source["source_name"] == FOLDED
    ]

    @dg.multi_asset(
        name="retention",
        specs=specs,
        description="Lets go of events (summed up by day first), quarantined rows, logs and versions kept long enough.",
    )
    def leave(
        context: dg.AssetExecutionContext, session: dg.ResourceParam[RunSession]
    ) -> Iterator[dg.MaterializeResult]:
        try:
            left = retain(session, context.run.run_id)
        except RunFailedError as error:
            raise dg.Failure(str(error), allow_retries=False) from error
        runs = forget_runs_through(context.instance, left.logs_through)
        for key in sorted(context.selected_asset_keys):
            yield dg.MaterializeResult(
                asset_key=key,
                metadata={
                    "event_days_left": list(left.event_days),
                    "quarantines_left": list(left.quarantines),
                    "logs_left": [path.name for path in left.logs],
                    "versions_left": list(left.versions),
                    "dagster_runs_left": runs,
                },
            )

    return dg.Definitions(assets=[leave])
