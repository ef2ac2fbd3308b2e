"""The roles of `roles.yml`, read and checked.

Belongs here: the file's shape. Does not: what a role becomes in Superset (superset_dashboards).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

ROLES_FILE = Path(__file__).with_name("roles.yml")


@dataclass(frozen=True)
class Role:
    """One role. `rows`: SQL condition by dataset; `sql_lab`: may write queries of its own over the marts."""

    name: str
    label: str
    dashboards: tuple[str, ...]
    rows: Mapping[str, str] = field(default_factory=dict)
    sql_lab: bool = False


def read_roles(path: Path = ROLES_FILE) -> tuple[Role, ...]:
    """The roles in the file's order. Raises ValueError naming the role and what is wrong with it."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    roles = []
    for name, fields in document["roles"].items():
        try:
            roles.append(Role(name=name, **{**fields, "dashboards": tuple(fields["dashboards"])}))
        except (TypeError, KeyError) as error:
            raise ValueError(f"{path.name}: role {name}: {error}") from None
    return tuple(roles)
