"""Roles in Superset: what each may do, see and filter to, and one user for each.

Belongs here: Superset's permissions. Does not: which roles there are (serving/roles.yml). What a role may see follows
from its dashboards: the datasets under their charts, nothing named twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from superset_dashboards.assets import Assets
from superset_dashboards.client import SupersetClient
from superset_dashboards.datasets import HEADLINE
from superset_dashboards.identity import DATABASE_NAME, asset_uuid

PREFIX = "netvexa_"

# What opening a dashboard, filtering it and taking its numbers along needs; nothing that writes or lists others' work.
_VIEWER = (
    ("can_read", "Dashboard"),
    ("can_read", "Chart"),
    ("can_read", "Dataset"),
    ("can_read", "Theme"),
    ("can_read", "CurrentUserRestApi"),
    ("can_read", "SecurityRestApi"),
    ("can_read", "DashboardFilterStateRestApi"),
    ("can_write", "DashboardFilterStateRestApi"),
    ("can_read", "DashboardPermalinkRestApi"),
    ("can_write", "DashboardPermalinkRestApi"),
    ("can_dashboard", "Superset"),
    ("can_slice", "Superset"),
    ("can_explore_json", "Superset"),
    ("can_csv", "Superset"),
    ("can_log", "Superset"),
    ("can_language_pack", "Superset"),
    ("can_time_range", "Api"),
    ("can_get", "MenuApi"),
    ("can_recent_activity", "Log"),
    ("can_view_chart_as_table", "Dashboard"),
    ("can_this_form_get", "ResetMyPasswordView"),
    ("can_this_form_post", "ResetMyPasswordView"),
    ("resetmypassword", "UserDBModelView"),
    ("menu_access", "Home"),
    ("menu_access", "Dashboards"),
)
_ANALYST = (
    ("can_explore", "Superset"),
    ("can_read", "Explore"),
    ("can_read", "ExploreFormDataRestApi"),
    ("can_write", "ExploreFormDataRestApi"),
    ("can_read", "Database"),
    ("can_read", "Query"),
    ("can_read", "SQLLab"),
    ("can_read", "SavedQuery"),
    ("can_write", "SavedQuery"),
    ("can_execute_sql_query", "SQLLab"),
    ("can_get_results", "SQLLab"),
    ("can_export_csv", "SQLLab"),
    ("can_format_sql", "SQLLab"),
    ("can_sqllab", "Superset"),
    ("can_sqllab_history", "Superset"),
    *(
        (f"can_{verb}", "TabStateView")
        for verb in ("activate", "delete", "delete_query", "get", "migrate_query", "post", "put")
    ),
    *((f"can_{verb}", "TableSchemaView") for verb in ("delete", "expanded", "post")),
    ("menu_access", "SQL Lab"),
    ("menu_access", "SQL Editor"),
    ("menu_access", "Saved Queries"),
    ("menu_access", "Charts"),
    ("menu_access", "Datasets"),
    ("can_write", "Chart"),
)


class RoleSpec(Protocol):
    """A role of serving/roles.yml."""

    @property
    def name(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def dashboards(self) -> tuple[str, ...]: ...
    @property
    def metrics(self) -> tuple[str, ...] | None: ...
    @property
    def sql_lab(self) -> bool: ...


def datasets_of(role: RoleSpec, assets: Assets) -> set[str]:
    """Names of the datasets under a role's dashboards and their filters. Raises KeyError for an unknown dashboard."""
    return {dataset for name in role.dashboards for dataset in assets.datasets_under(name)}


def headline_rows(role: RoleSpec) -> str:
    """SQL condition on the rows of `kpi_daily` that a role sees; none of them for a role whose list is empty."""
    names = ", ".join("'" + metric.replace("'", "''") + "'" for metric in role.metrics or ())
    return f"metric in ({names})" if names else "1 = 0"


def apply_roles(
    client: SupersetClient,
    roles: Sequence[RoleSpec],
    assets: Assets,
    passwords: Mapping[str, str],
    progress: Callable[[str], None],
) -> list[str]:
    """Make Superset's roles, row rules and users those of the file; returns the users that were made.

    passwords: by role, for the users that do not exist yet. A user's password is never changed here. Removed are roles
    of ours (by their prefix) that the file no longer has.
    """
    progress(f"writing {len(roles)} roles")
    permissions = _permissions(client)
    known = {entry["name"]: entry["id"] for entry in _all(client, "security/roles/")}
    datasets = {
        entry["table_name"]: entry["id"]
        for entry in client.entries("dataset", ["id", "table_name", "database.uuid"])
        if str(entry["database"]["uuid"]) == asset_uuid("database", DATABASE_NAME)
    }
    ids: dict[str, int] = {}
    for role in roles:
        name = PREFIX + role.name
        ids[role.name] = known.get(name) or client.post("security/roles/", {"name": name})["id"]
        granted = [permissions[pair] for pair in (*_VIEWER, *(_ANALYST if role.sql_lab else ())) if pair in permissions]
        granted += _data_access(role, assets, permissions)
        client.post(f"security/roles/{ids[role.name]}/permissions", {"permission_view_menu_ids": granted})
    for name, role_id in known.items():
        if name.startswith(PREFIX) and name.removeprefix(PREFIX) not in ids:
            client.delete(f"security/roles/{role_id}")
    _assign_dashboards(client, roles, ids, assets, administrators=known["Admin"])
    _apply_row_rules(client, roles, ids, datasets)
    return _make_users(client, roles, ids, passwords)


def _data_access(role: RoleSpec, assets: Assets, permissions: Mapping[tuple[str, str], int]) -> list[int]:
    if role.sql_lab:
        return [
            found for (action, view), found in permissions.items() if action == "database_access" and _is_ours(view)
        ]
    wanted = datasets_of(role, assets)
    return [
        found
        for (action, view), found in permissions.items()
        if action == "datasource_access" and _is_ours(view) and view.split("].[")[1].split("]")[0] in wanted
    ]


def _assign_dashboards(
    client: SupersetClient, roles: Sequence[RoleSpec], ids: Mapping[str, int], assets: Assets, administrators: int
) -> None:
    for entry in list(client.entries("dashboard", ["id", "slug"])):
        if entry["slug"] in assets.dashboards:
            allowed = [ids[role.name] for role in roles if entry["slug"] in role.dashboards]
            # Without any role Superset would show it to whoever may read one of its datasets.
            client.put(f"dashboard/{entry['id']}", {"roles": allowed or [administrators]})


def _is_ours(view: str) -> bool:
    return view.startswith(f"[{DATABASE_NAME}].")


def _apply_row_rules(
    client: SupersetClient, roles: Sequence[RoleSpec], ids: Mapping[str, int], datasets: Mapping[str, int]
) -> None:
    known = {entry["name"]: entry["id"] for entry in client.entries("rowlevelsecurity", ["id", "name"])}
    wanted = {f"{PREFIX}{role.name}_{HEADLINE}": role for role in roles if role.metrics is not None}
    for name, role in wanted.items():
        rule = {
            "name": name,
            "filter_type": "Regular",
            "tables": [datasets[HEADLINE]],
            "roles": [ids[role.name]],
            "clause": headline_rows(role),
        }
        if name in known:
            client.put(f"rowlevelsecurity/{known[name]}", rule)
        else:
            client.post("rowlevelsecurity/", rule)
    for name, rule_id in known.items():
        if name.startswith(PREFIX) and name not in wanted:
            client.delete(f"rowlevelsecurity/{rule_id}")


def _make_users(
    client: SupersetClient, roles: Sequence[RoleSpec], ids: Mapping[str, int], passwords: Mapping[str, str]
) -> list[str]:
    known = {entry["username"] for entry in _all(client, "security/users/")}
    made = []
    for role in roles:
        if role.name not in known and role.name in passwords:
            user = {
                "username": role.name,
                "first_name": role.label,
                "last_name": "NETVEXA",
                "email": f"{role.name}@localhost.localdomain",
                "active": True,
                "roles": [ids[role.name]],
                "password": passwords[role.name],
            }
            client.post("security/users/", user)
            made.append(role.name)
    return made


def _permissions(client: SupersetClient) -> dict[tuple[str, str], int]:
    return {
        (entry["permission"]["name"], entry["view_menu"]["name"]): entry["id"]
        for entry in _all(client, "security/permissions-resources/")
    }


def _all(client: SupersetClient, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        page = client.get(path, {"page": len(found) // 100, "page_size": 100})["result"]
        found += page
        if len(page) < 100:  # noqa: PLR2004 (the page size above)
            return found
