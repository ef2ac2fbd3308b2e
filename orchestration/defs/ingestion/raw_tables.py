"""Every raw table as an asset, landed by one step: all of them together, or none."""

from collections.abc import Iterator

import dagster as dg

from expectations.catalogue import batch_checks
from orchestration.defs.gates import check_results, check_specs, refusal
from orchestration.defs.ingestion.event_days import EVENTS, days_asked, event_days, tell_landed_days
from orchestration.defs.ingestion.folded_days import FOLDED
from orchestration.lib.dbt_build import parse_project
from orchestration.lib.landing import land_sources
from orchestration.lib.session import RunSession
from orchestration.settings import load_settings

# Beyond the retries that ingestion makes by itself, for an outage of minutes.
RETRIES = 2
SECONDS_BEFORE_RETRY = 30

# The business's own systems, so that the lineage begins where the numbers do: source → (asset, what it is, kinds).
SYSTEMS = {
    "raw_app": (
        "app_database",
        "The application's database: accounts, agents and the events the app tracks.",
        {"postgres"},
    ),
    "raw_stripe": ("stripe", "Stripe: customers, subscriptions, invoices, and what was paid.", {"stripe"}),
    "raw_spend": ("spend_files", "CSV files of advertising and marketing costs.", {"csv"}),
    "raw_rates": ("exchange_rate_files", "The European Central Bank's reference rates, as CSV files.", {"csv"}),
}


@dg.definitions
def raw_tables() -> dg.Definitions:
    """The raw tables the dbt project reads, and the systems they are read from."""
    settings = load_settings()
    sources = parse_project(settings).document["sources"].values()
    days = event_days(settings)
    systems = [
        dg.AssetSpec(
            ["business", name], description=description, group_name="business", kinds=kinds, owners=["team:data"]
        )
        for name, description, kinds in SYSTEMS.values()
    ]
    specs = [
        dg.AssetSpec(
            [source["source_name"], source["name"]],
            deps=_upstream(source["source_name"]),
            description=source["description"],
            group_name="ingestion",
            kinds={"python", "parquet"},
            owners=["team:data"],
            partitions_def=days if (source["source_name"], source["name"]) == tuple(EVENTS.path) else None,
        )
        for source in sources
        if source["source_name"] != FOLDED
    ]

    @dg.multi_asset(
        name="land_sources",
        specs=specs,
        check_specs=check_specs(batch_checks()),
        # A range of days is one run: each would build and publish, and only one may hold the lock.
        backfill_policy=dg.BackfillPolicy.single_run(),
        description="Reads all sources, looks at every batch (gate 1), then replaces partitions of the lake.",
    )
    def land(
        context: dg.AssetExecutionContext, session: dg.ResourceParam[RunSession]
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        from ingestion.lake import Lake
        from ingestion.retry import PermanentSourceError, TransientSourceError

        if session.instructions.accepted_volume:
            context.log.warning(f"accepted for this run: {session.instructions.tags}")
        try:
            landing = land_sources(session, context.run.run_id, session.instructions.backfill or days_asked(context))
        except PermanentSourceError as error:
            raise dg.Failure(str(error), allow_retries=False) from error
        except TransientSourceError as error:
            if context.retry_number == RETRIES:
                raise dg.Failure(f"{error} (given up after {RETRIES + 1} attempts)", allow_retries=False) from error
            session.progress.warn(f"{error} Trying again in {SECONDS_BEFORE_RETRY} s.")
            raise dg.RetryRequested(max_retries=RETRIES, seconds_to_wait=SECONDS_BEFORE_RETRY) from error
        tell_landed_days(context.instance, Lake(session.layout.lake), context.run.run_id)
        yield from check_results(landing.report, context.selected_asset_check_keys)
        if landing.report.blocking_failures:
            raise refusal("gate 1", landing.report)
        counts = {(count.schema, count.table): count for count in landing.tables}
        for key in sorted(context.selected_asset_keys):
            count = counts.get((key.path[0], key.path[1]))
            yield dg.MaterializeResult(
                asset_key=key,
                metadata={
                    "dagster/row_count": count.landed_rows,
                    "quarantined_rows": count.quarantined_rows,
                    "partitions": count.partitions,
                }
                if count
                else {},
            )

    return dg.Definitions(assets=[*systems, land])


def _upstream(schema: str) -> list[dg.AssetKey]:
    return [dg.AssetKey(["business", SYSTEMS[schema][0]])] if schema in SYSTEMS else []
