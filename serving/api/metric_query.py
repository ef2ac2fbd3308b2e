"""One metric by period and dimension: what the catalog says of a column, made into SQL.

Belongs here: which metrics can be asked for, by which grains and dimensions, and how several rows become one. Does not:
pages (tables), HTTP. Nothing is added up that does not add up: a balance has no sum over time, and a ratio is the ratio
of its parts' sums, or is not given at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

import pyarrow as pa

from serving.api.access.visibility import Visibility
from serving.api.engine import OpenVersion, Reader
from serving.api.parameters import Grain
from serving.api.problems import Problem, unacceptable
from serving.api.shown import SUPPRESSED
from serving.api.tables import Conditions, PageOfRows, read_page
from serving.quoting import identifier

# Weeks are cut across months, so nothing longer is made of them.
COARSER: Mapping[Grain, tuple[Grain, ...]] = {
    Grain.DAY: (Grain.DAY, Grain.WEEK, Grain.MONTH, Grain.QUARTER, Grain.YEAR),
    Grain.WEEK: (Grain.WEEK,),
    Grain.MONTH: (Grain.MONTH, Grain.QUARTER, Grain.YEAR),
}

_OF_SINGLE_ACCOUNTS = "finer sums would tell this role of single accounts"


@dataclass(frozen=True)
class Metric:
    """A metric of the catalog that can be asked for.

    time: the column of its periods. own_grain: of the mart's rows. grains: that can be given. dimensions: columns to
    split by. whole_key: the mart's rows are aggregates already, so that its dimensions always come along: some of their
    rows are totals of others. by_month: a fact whose sums the caller gets by month and one dimension only. numerator,
    denominator: of a ratio, where both add up.
    """

    model: str
    column: str
    time: str
    own_grain: Grain
    grains: tuple[Grain, ...]
    dimensions: tuple[str, ...]
    whole_key: bool
    by_month: bool
    additive: bool
    numerator: str | None
    denominator: str | None


@dataclass(frozen=True)
class Question:
    """A metric, the grain and the dimensions it is asked by, and the period."""

    metric: Metric
    grain: Grain
    dimensions: tuple[str, ...]
    first: date | None
    last: date | None


def metric_of(version: OpenVersion, visibility: Visibility, model: str, column: str) -> Metric | None:
    """The metric in that column as the caller may ask for it, None where there is none or none by period."""
    described: Mapping[str, Any] = version.definitions["models"].get(model, {})
    types = version.tables.get(model, {})
    definition = described.get("columns", {}).get(column, {}).get("metric")
    key: Sequence[str] = described.get("key", ())
    time = next((name for name in (*key, *types) if types.get(name) == "DATE"), None)
    if definition is None or column not in types or time is None:
        return None
    additive_columns = _additive(described, types)
    additive = column in additive_columns
    numerator, denominator = definition["numerator"], definition["denominator"]
    is_quotient = numerator in additive_columns and denominator in additive_columns
    whole_key = time in key and not model.startswith("fct_")
    if not (whole_key or additive):
        return None
    by_month = not whole_key and visibility.is_given_by_month(model)
    own_grain = Grain.MONTH if by_month else _own_grain(time)
    return Metric(
        model=model,
        column=column,
        time=time,
        own_grain=own_grain,
        grains=COARSER[own_grain] if additive or is_quotient else (own_grain,),
        dimensions=tuple(name for name in key if name != time) if whole_key else _labels(types),
        whole_key=whole_key,
        by_month=by_month,
        additive=additive,
        numerator=numerator if numerator in types else None,
        denominator=denominator if denominator in types else None,
    )


def question(  # noqa: PLR0913 - what is asked for, by name
    version: OpenVersion,
    visibility: Visibility,
    *,
    metric: str,
    grain: Grain | None,
    dimensions: Sequence[str],
    first: date | None,
    last: date | None,
) -> Question:
    """What is asked for, held against the catalog.

    metric: `<mart>.<column>`. Raises Problem 404 for a metric there is not, 422 for a grain or dimension it has not.
    """
    model, _, column = metric.partition(".")
    found = metric_of(version, visibility, model, column)
    if found is None:
        raise Problem(404, "there is no such metric to ask for; /api/metrics/catalog lists those with grains")
    wanted = grain or found.own_grain
    if wanted not in found.grains:
        raise unacceptable("grain", f"this metric can be given by {', '.join(found.grains)}: {_why_not(found, wanted)}")
    if len(set(dimensions)) < len(dimensions) or not set(dimensions) <= set(found.dimensions):
        names = ", ".join(found.dimensions) or "nothing"
        raise unacceptable("dimension", f"this metric can be split by {names}, by each once")
    if found.by_month and len(dimensions) > 1:
        raise unacceptable(
            "dimension", f"this metric can be split by one of its dimensions at a time: {_OF_SINGLE_ACCOUNTS}"
        )
    return Question(found, wanted, found.dimensions if found.whole_key else tuple(dimensions), first, last)


def _why_not(metric: Metric, wanted: Grain) -> str:
    if metric.by_month:
        return _OF_SINGLE_ACCOUNTS
    if wanted in COARSER[metric.own_grain]:
        return "its values do not add up to more"
    return f"its mart has a row for each {metric.own_grain}, and nothing else is cut at the same days"


def read_metric(  # noqa: PLR0913 - a page of a question, by name
    reader: Reader,
    version: OpenVersion,
    visibility: Visibility,
    asked: Question,
    *,
    limit: int,
    after: Sequence[str | None] | None,
) -> PageOfRows:
    """A page of the metric, under the mart's own column names; the time column holds the first day of the period."""
    metric = asked.metric
    types = version.tables[metric.model]
    conditions = Conditions()
    if asked.first is not None:
        conditions.require(f"asked.{identifier(metric.time)} >= ?", asked.first)
    if asked.last is not None:
        conditions.require(f"asked.{identifier(metric.time)} <= ?", asked.last)
    key = {name: types[name] for name in (metric.time, *asked.dimensions)}
    as_it_is = metric.whole_key and asked.grain is metric.own_grain
    selected = "*" if as_it_is else _sums(asked, types, visibility)
    grouping = "" if as_it_is else " group by all"
    if metric.by_month:
        source = visibility.months(metric.model, metric.time, asked.dimensions, metric.column)
    else:
        source = visibility.relation(metric.model)
    relation = f"(select {selected} from {source} as asked where {conditions.where()}{grouping})"
    # The values of the inner condition come first, as its question marks do.
    outer = Conditions([], conditions.values)
    page = read_page(reader, relation, key=key, conditions=outer, limit=limit, after=after)
    if metric.column not in page.rows.column_names:
        return PageOfRows(_with_quotient(page.rows, metric, types[metric.column]), page.last_key)
    return page


def answer_rows(shown: pa.Table, metric: Metric, dimensions: Sequence[str]) -> pa.Table:
    """The columns of an answer: period, dimensions, value and its parts, whether it is suppressed."""
    parts = {metric.numerator: "numerator", metric.denominator: "denominator"}
    names = {metric.time: "period", metric.column: "value", **parts}
    kept = [name for name in shown.column_names if name == SUPPRESSED or name in {*names, *dimensions}]
    return shown.select(kept).rename_columns([names.get(name, name) for name in kept])


def columns_of(asked: Question) -> list[str]:
    """The mart's columns in an answer, in order."""
    metric = asked.metric
    named = (metric.time, *asked.dimensions, metric.column, metric.numerator, metric.denominator)
    return list(dict.fromkeys(name for name in named if name is not None))


def _sums(asked: Question, types: Mapping[str, str], visibility: Visibility) -> str:
    metric = asked.metric
    parts = (metric.column,) if metric.additive else (metric.numerator, metric.denominator)
    added = list(dict.fromkeys(name for name in parts if name is not None))
    is_hidden_group = visibility.is_hidden_group(metric.model, added)
    # A sum of decimals keeps their scale exactly; that of whole numbers would become a type that Arrow does not have.
    sums = [
        f"case when {is_hidden_group} then null else cast(sum({identifier(name)}) as {_sum_type(types[name])}) end"
        f" as {identifier(name)}"
        for name in added
    ]
    time = identifier(metric.time)
    period = f"cast(date_trunc('{asked.grain}', asked.{time}) as date) as {time}"
    dimensions = [f"asked.{identifier(name)}" for name in asked.dimensions]
    return ", ".join([period, *dimensions, *sums, f"{is_hidden_group} as {SUPPRESSED}"])


def _with_quotient(rows: pa.Table, metric: Metric, type_: str) -> pa.Table:
    """The ratio of the sums, rounded once, half away from zero, to the places of the mart's own column."""
    places = int(type_.rpartition(",")[2].rstrip(")"))
    parts = zip(rows[metric.numerator].to_pylist(), rows[metric.denominator].to_pylist(), strict=True)
    with localcontext(prec=60):
        values = [
            None
            if above is None or not below
            else (Decimal(above) / Decimal(below)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
            for above, below in parts
        ]
    return rows.append_column(metric.column, pa.array(values, pa.decimal128(38, places)))


def _additive(described: Mapping[str, Any], types: Mapping[str, str]) -> list[str]:
    columns: Mapping[str, Mapping[str, Any]] = described.get("columns", {})
    return [name for name in types if (columns.get(name, {}).get("metric") or {}).get("additive") is True]


def _sum_type(type_: str) -> str:
    return f"decimal(38, {type_.rpartition(',')[2].rstrip(')')})" if type_.startswith("DECIMAL") else "bigint"


def _labels(types: Mapping[str, str]) -> tuple[str, ...]:
    """Columns of facts that name a group. Ids and tokens name one of them, which is no group."""
    return tuple(
        name
        for name, type_ in types.items()
        if type_ in {"VARCHAR", "BOOLEAN"} and not name.endswith(("_id", "_token"))
    )


def _own_grain(time: str) -> Grain:
    # The naming rule of the marts: a month and a week say so, every other date is a day.
    for grain in (Grain.MONTH, Grain.WEEK):
        if time.endswith(f"_{grain}"):
            return grain
    return Grain.DAY
