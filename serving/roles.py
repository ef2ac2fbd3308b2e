"""The roles of `roles.yml`, read and checked.

Belongs here: the file's shape. Does not: what a role becomes in Superset (superset_dashboards) or over the API
(api.access).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from serving.catalog import DOMAINS

ROLES_FILE = Path(__file__).with_name("roles.yml")

# The three domains of the marts, and what belongs to none of them.
SCOPES = (*DOMAINS, "catalog")


@dataclass(frozen=True)
class Role:
    """One role.

    dashboards: names. scopes: what it may ask the API for, of `SCOPES`. metrics: the rows of `kpi_daily` it sees, by
    metric; None is all. sees_small_cohorts: nothing is suppressed for it. sql_lab: may write queries of its own over
    the marts in Superset.
    """

    name: str
    label: str
    dashboards: tuple[str, ...]
    scopes: frozenset[str]
    metrics: tuple[str, ...] | None = None
    sees_small_cohorts: bool = False
    sql_lab: bool = False


def read_roles(path: Path = ROLES_FILE) -> tuple[Role, ...]:
    """The roles in the file's order. Raises ValueError naming the role and what is wrong with it."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    roles = []
    for name, fields in document["roles"].items():
        try:
            roles.append(_role(name, fields))
        except (TypeError, KeyError, ValueError) as error:
            raise ValueError(f"{path.name}: role {name}: {error}") from None
    return tuple(roles)


def _role(name: str, fields: Mapping[str, Any]) -> Role:
    lists = {key: _names(key, fields[key]) for key in ("dashboards", "scopes", "metrics") if key in fields}
    unknown = sorted(set(lists["scopes"]) - set(SCOPES))
    if unknown:
        raise ValueError(f"scopes: {', '.join(unknown)} is none of {', '.join(SCOPES)}")
    # A text is true, whatever it says, and would open what it was to close.
    for key in ("sees_small_cohorts", "sql_lab"):
        if not isinstance(fields.get(key, False), bool):
            raise ValueError(f"{key} is to be true or false, not {fields[key]!r}")
    return Role(name=name, **{**fields, **lists, "scopes": frozenset(lists["scopes"])})


def _names(key: str, value: object) -> tuple[str, ...]:
    # A string is iterable too: `metrics: mrr_eur` would become a list of letters.
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise ValueError(f"{key} is to be a list, not {value!r}")
    return tuple(str(entry) for entry in value)
