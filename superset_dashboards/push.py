"""The files into a running Superset: import all, remove what is ours and no longer in the repository.

Belongs here: the order of steps. Does not: shapes (native), roles (roles), HTTP (client).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from superset_dashboards.assets import AssetError, Assets
from superset_dashboards.client import SupersetClient
from superset_dashboards.identity import DATABASE_NAME, OWNER, asset_uuid
from superset_dashboards.native import Documents, Published, bundle, documents
from superset_dashboards.validate import problems


@dataclass(frozen=True)
class Pushed:
    """What a push left in Superset: how many of each, and what it removed."""

    dashboards: int
    charts: int
    datasets: int
    removed: tuple[str, ...]


def push(client: SupersetClient, assets: Assets, published: Published, progress: Callable[[str], None]) -> Pushed:
    """Make Superset's dashboards those of the files. Running it again changes nothing.

    Raises AssetError for files that do not resolve, before anything is sent; SupersetError when Superset refuses.
    """
    found = problems(assets, published.definitions, published.targets)
    if found:
        raise AssetError("; ".join(found))
    sent = documents(assets, published)
    progress(f"importing {len(assets.dashboards)} dashboards and {len(assets.charts)} charts")
    client.upload("assets/import/", "bundle", bundle(sent), {})
    removed = tuple(_remove_what_left(client, sent, progress))
    return Pushed(
        dashboards=len(assets.dashboards),
        charts=len(assets.charts),
        datasets=sum(path.startswith("datasets/") for path in sent),
        removed=removed,
    )


def _remove_what_left(client: SupersetClient, sent: Documents, progress: Callable[[str], None]) -> list[str]:
    """Delete what is ours and was not sent: charts and dashboards by our mark, datasets by their generated uuid.

    An analyst's own charts carry no mark. A dataset somebody's chart still needs is kept by Superset's own refusal to
    show a broken chart, so it is left alone while one uses it.
    """
    uuids = {str(document["uuid"]) for document in sent.values()}
    gone: list[str] = []
    for resource, title in (("dashboard", "dashboard_title"), ("chart", "slice_name")):
        # Listed whole before the first is deleted: pages would shift.
        entries = list(client.entries(resource, ["id", "uuid", "certified_by", title]))
        for entry in entries:
            if entry["certified_by"] == OWNER and str(entry["uuid"]) not in uuids:
                client.delete(f"{resource}/{entry['id']}")
                gone.append(f"{resource} {entry[title]}")
    for entry in list(client.entries("dataset", ["id", "uuid", "table_name", "database.uuid"])):
        ours = str(entry["database"]["uuid"]) == asset_uuid("database", DATABASE_NAME)
        is_generated = str(entry["uuid"]) == asset_uuid("dataset", entry["table_name"])
        if ours and is_generated and str(entry["uuid"]) not in uuids:
            users = client.get(f"dataset/{entry['id']}/related_objects")
            if users["charts"]["count"]:
                progress(f"dataset {entry['table_name']} is no mart any more, but somebody's charts use it; it stays")
                continue
            client.delete(f"dataset/{entry['id']}")
            gone.append(f"dataset {entry['table_name']}")
    return gone
