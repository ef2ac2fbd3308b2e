"""What a caller may see of a version: columns, headline metrics, and numbers about few.

Belongs here: role and scopes applied to definitions. Does not: who the caller is (gate), the SQL of suppression.
Whatever the definitions do not place in a domain is hidden.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from serving.api.access.principal import Principal
from serving.api.access.suppression import SUPPRESSED, hideable, suppressed, suppressed_months
from serving.catalog import SCHEMA, metric_domains
from serving.quoting import identifier
from serving.roles import Role, read_roles

# Whose rows are about single accounts; an aggregate over them is about as many as it has different ones of these.
_INDIVIDUAL = "account_id"


class Visibility:
    """What `principal` may see of the version that `definitions` describe. k: groups of fewer are suppressed.

    Raises ValueError for a role that roles.yml does not have.
    """

    def __init__(self, principal: Principal, definitions: Mapping[str, Any], k: int) -> None:
        role = _roles().get(principal.role)
        if role is None:
            raise ValueError(f"there is no role {principal.role} in roles.yml")
        self._models: Mapping[str, Mapping[str, Any]] = definitions["models"]
        self._definitions = definitions
        self._scopes = principal.scopes
        self._role = role
        self._k = 0 if role.sees_small_cohorts else k

    @property
    def key(self) -> Hashable:
        """Equal for callers who see the same: results may be kept by it."""
        return self._role.name, self._scopes, self._k

    def hides(self, model: str, column: str) -> bool:
        """Whether the column is not for this caller; so is one that the definitions do not know."""
        definition = self._models.get(model, {}).get("columns", {}).get(column, {})
        return self._scopes.isdisjoint(definition.get("domains", ()))

    def metrics_of_kpi_daily(self) -> frozenset[str]:
        """The metrics whose rows of `kpi_daily` and `kpi_targets` this caller sees."""
        within_scopes = {name for name, domains in metric_domains(self._definitions).items() if domains & self._scopes}
        return frozenset(within_scopes if self._role.metrics is None else within_scopes & set(self._role.metrics))

    def relation(self, model: str) -> str:
        """SQL to read the mart from, always instead of its name: the mart, or a query in parentheses over it.

        The query has a column more, `is_suppressed`, and NULL for every value that stands for fewer than k. Filters,
        pages and sums go on top of it; they must not come before, for they take away what it has to look at.
        Raises KeyError for a mart the definitions do not know.
        """
        definition = self._models[model]
        name = f"{SCHEMA}.{identifier(model)}"
        rules = definition.get("cohorts", ())
        if not rules:
            return name
        return suppressed(name, list(definition["columns"]), definition["key"], rules, self._k)

    def is_given_by_month(self, model: str) -> bool:
        """Whether sums of the mart's rows are for this caller those of `months`: it has a row for each thing an account
        did, and numbers about few are not for everybody."""
        definition = self._models[model]
        return self._k > 1 and not definition.get("cohorts") and _INDIVIDUAL in definition["columns"]

    def months(self, model: str, time: str, dimensions: Sequence[str], value: str) -> str:
        """SQL to read sums from where `is_given_by_month`: a query in parentheses with a row a month and dimension.

        As with `relation`, filters and longer sums go on top of it; `time` holds the month's first day. At most one
        dimension: the sums of two at once, set against those of each, would tell of single accounts.
        """
        return suppressed_months(f"{SCHEMA}.{identifier(model)}", [time, *dimensions], value, _INDIVIDUAL, self._k)

    def is_hidden_group(self, model: str, columns: Iterable[str]) -> str:
        """SQL of a boolean aggregate: whether these columns of a group of rows of `relation` or `months` are no sum.

        `case when <it> then null else sum(x) end`: a sum over rows of which one is hidden would be neither right nor
        safe. Columns that no rule hides are whole in every row.
        """
        hidden_by_rules = hideable(self._models[model].get("cohorts", ()))
        has_hidden = self.is_given_by_month(model) or not hidden_by_rules.isdisjoint(columns)
        return f"coalesce(bool_or({SUPPRESSED}), false)" if has_hidden else "false"


@cache
def _roles() -> Mapping[str, Role]:
    return {role.name: role for role in read_roles()}
