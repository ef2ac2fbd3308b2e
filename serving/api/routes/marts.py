"""Routes over one mart each: its rows in the order of its key, by period and channel; and two by an entity's id.

Belongs here: paths, parameters, scopes. Does not: SQL of pages (tables), formats and caching (answers).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from serving.api.access import Principal, requires
from serving.api.access.visibility import Visibility
from serving.api.answers import Content, CurrentVersion, PagedVersion, Served
from serving.api.engine import Reader
from serving.api.negotiation import Format
from serving.api.parameters import (
    AgentId,
    ChannelParameters,
    CohortParameters,
    ConversationId,
    FormatParameters,
    PeriodParameters,
)
from serving.api.problems import Problem
from serving.api.routes.documented import numbers
from serving.api.rows import (
    Acquisition,
    Activation,
    Answer,
    Cohort,
    ConversationQuality,
    RevenueMonth,
    Row,
    TimeToValue,
    WeeklyActive,
)
from serving.api.shown import definitions_of, show
from serving.api.tables import Conditions, read_page
from serving.quoting import identifier

router = APIRouter(prefix="/api/metrics", tags=["metrics"])

_LIST = numbers(Format.CSV, Format.ARROW, also=(404, 410))
_ONE = numbers(Format.CSV, Format.ARROW, also=(404,))


@dataclass(frozen=True)
class _Mart:
    """A mart and the shape of its answers. The key is what no row may lack; of a list, it begins with the period.

    filters: the column that each parameter of the route narrows, beside the period.
    """

    model: str
    row: type[Row]
    filters: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> list[str]:
        return [name for name, info in self.row.model_fields.items() if info.is_required()]


@router.get("/weekly-active", operation_id="weekly_active", responses=_LIST, response_model=Answer[list[WeeklyActive]])
async def weekly_active(
    principal: Annotated[Principal, Depends(requires("product"))],
    served: PagedVersion,
    parameters: Annotated[PeriodParameters, Query()],
) -> Response:
    """Agents with a conversation in the seven days ending on each day, and their conversations."""
    return await _list(served, principal, parameters, _Mart("weekly_active_agents", WeeklyActive))


@router.get("/revenue", operation_id="revenue", responses=_LIST, response_model=Answer[list[RevenueMonth]])
async def revenue(
    principal: Annotated[Principal, Depends(requires("finance"))],
    served: PagedVersion,
    parameters: Annotated[PeriodParameters, Query()],
) -> Response:
    """Recurring revenue by month: balances, movements, ARPU, churn, LTV, CAC and payback."""
    return await _list(served, principal, parameters, _Mart("revenue_monthly", RevenueMonth))


@router.get("/activation", operation_id="activation", responses=_LIST, response_model=Answer[list[Activation]])
async def activation(
    principal: Annotated[Principal, Depends(requires("acquisition"))],
    served: PagedVersion,
    parameters: Annotated[ChannelParameters, Query()],
) -> Response:
    """Trials by the month they began and by channel, and how many of them paid."""
    return await _list(
        served, principal, parameters, _Mart("activation_monthly", Activation, {"channel": "acquisition_channel"})
    )


@router.get("/acquisition", operation_id="acquisition", responses=_LIST, response_model=Answer[list[Acquisition]])
async def acquisition(
    principal: Annotated[Principal, Depends(requires("acquisition"))],
    served: PagedVersion,
    parameters: Annotated[ChannelParameters, Query()],
) -> Response:
    """What was spent by month and channel, and what a trial and a customer cost."""
    return await _list(served, principal, parameters, _Mart("cac_monthly", Acquisition, {"channel": "channel"}))


@router.get("/cohorts", operation_id="cohorts", responses=_LIST, response_model=Answer[list[Cohort]])
async def cohorts(
    principal: Annotated[Principal, Depends(requires("finance"))],
    served: PagedVersion,
    parameters: Annotated[CohortParameters, Query()],
) -> Response:
    """Accounts by the month of their first revenue: who stayed, and what they brought, month after month."""
    return await _list(served, principal, parameters, _Mart("churn_cohorts", Cohort, {"months_since": "months_since"}))


@router.get(
    "/agents/{agent_id}/time-to-value",
    operation_id="agent_time_to_value",
    responses=_ONE,
    response_model=Answer[TimeToValue],
)
async def agent_time_to_value(
    principal: Annotated[Principal, Depends(requires("product"))],
    served: CurrentVersion,
    agent_id: AgentId,
    parameters: Annotated[FormatParameters, Query()],
) -> Response:
    """How long one agent took from its creation to its first conversation."""
    return await _one(served, principal, parameters, _Mart("fct_agent_ttfv", TimeToValue), agent_id)


@router.get(
    "/conversations/{conversation_id}/quality",
    operation_id="conversation_quality",
    responses=_ONE,
    response_model=Answer[ConversationQuality],
)
async def conversation_quality(
    principal: Annotated[Principal, Depends(requires("product"))],
    served: CurrentVersion,
    conversation_id: ConversationId,
    parameters: Annotated[FormatParameters, Query()],
) -> Response:
    """The quality score of one conversation, and the messages, minutes and leads it is made of."""
    return await _one(served, principal, parameters, _Mart("fct_conversations", ConversationQuality), conversation_id)


async def _list(served: Served, principal: Principal, parameters: PeriodParameters, source: _Mart) -> Response:
    where = Conditions()
    if parameters.from_ is not None:
        where.require(f"{identifier(source.key[0])} >= ?", parameters.from_)
    if parameters.to is not None:
        where.require(f"{identifier(source.key[0])} <= ?", parameters.to)
    for parameter, column in source.filters.items():
        value = getattr(parameters, parameter)
        if value is not None:
            where.require(f"{identifier(column)} = ?", value)
    after = served.after(parameters)

    def compute(reader: Reader, visibility: Visibility) -> Content:
        _require(served, source.model)
        key = {name: served.version.tables[source.model][name] for name in source.key}
        page = read_page(
            reader, visibility.relation(source.model), key=key, conditions=where, limit=parameters.limit, after=after
        )
        shown = show(page.rows, source.model, source.row.columns(), visibility)
        return Content(definitions_of(source.model, shown), shown, last_key=page.last_key)

    return await served.answer(principal, parameters, compute)


async def _one(
    served: Served, principal: Principal, parameters: FormatParameters, source: _Mart, entity_id: str
) -> Response:
    (key,) = source.key

    def compute(reader: Reader, visibility: Visibility) -> Content:
        _require(served, source.model)
        rows = reader.table(
            f"select * from {visibility.relation(source.model)} as one where {identifier(key)} = ?", [entity_id]
        )
        if rows.num_rows == 0:
            raise Problem(404, f"no row of {source.model} has this {key}")
        shown = show(rows, source.model, source.row.columns(), visibility)
        return Content(definitions_of(source.model, shown), shown, is_list=False)

    return await served.answer(principal, parameters, compute)


def _require(served: Served, model: str) -> None:
    # After a rollback the version may be older than the mart.
    if not served.version.has(model):
        raise Problem(404, f"this version has no {model}; it was published before there was one")
