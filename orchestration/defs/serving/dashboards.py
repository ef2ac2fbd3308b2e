"""The dashboards over the published version: after the end of the numbers' own lineage."""

import dagster as dg

from orchestration.lib.dashboards import push_after_publishing
from orchestration.lib.session import RunSession


@dg.definitions
def dashboards() -> dg.Definitions:
    """One asset after the published version. It never fails: what was published stays published."""

    @dg.asset(
        key=["dashboards", "superset"],
        deps=[dg.AssetKey(["published", "warehouse"])],
        group_name="serving",
        kinds={"superset"},
        owners=["team:data"],
        description="Dashboards, datasets and roles in the Superset of this machine, as the files have them.",
    )
    def superset(session: dg.ResourceParam[RunSession]) -> dg.MaterializeResult:
        outcome = push_after_publishing(session.settings, session.layout, session.progress)
        return dg.MaterializeResult(metadata={"outcome": outcome})

    return dg.Definitions(assets=[superset])
