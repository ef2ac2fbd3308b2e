"""How a dbt model appears in Dagster: dagster-dbt's keys, grouped by layer, then by domain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtProject

# Who answers for a group's numbers; everything else belongs to the team that builds the warehouse.
OWNERS = {"product": "team:product", "finance": "team:finance", "acquisition": "team:marketing"}
DEFAULT_OWNER = "team:data"


class ModelTranslator(DagsterDbtTranslator):
    """Groups: `staging`, `seeds`, `shared`, `product`, `acquisition`, `finance`, `integrity`, `core`."""

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None) -> dg.AssetSpec:
        spec = super().get_asset_spec(manifest, unique_id, project)
        properties = self.get_resource_props(manifest, unique_id)
        if properties["resource_type"] == "source":
            return spec
        group = group_of(properties)
        return spec.replace_attributes(
            group_name=group,
            owners=[OWNERS.get(group, DEFAULT_OWNER)],
            # The SQL that dagster-dbt appends is a click away in the docs; the first sentence is the grain.
            description=properties["description"],
        )


def group_of(properties: Mapping[str, Any]) -> str:
    """The group of a model or seed by its folder: `models/<layer>/<domain>/…`."""
    if properties["resource_type"] == "seed":
        return "seeds"
    _, layer, *folders = properties["fqn"]
    return layer if layer == "staging" or len(folders) == 1 else str(folders[0])
