"""Routes over everything: the dashboard, the catalog, and any metric of the catalog.

Belongs here: paths, parameters, scopes. What a caller sees of each is decided field by field, by visibility.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from serving.api.access import Principal, requires
from serving.api.access.visibility import Visibility
from serving.api.answers import Content, CurrentVersion, PagedVersion
from serving.api.catalog_rows import catalog_page
from serving.api.dashboard import read_dashboard
from serving.api.engine import Reader
from serving.api.metric_query import answer_rows, columns_of, question, read_metric
from serving.api.negotiation import Format
from serving.api.parameters import JsonParameters, PageParameters, QueryParameters
from serving.api.problems import Problem
from serving.api.routes.documented import numbers
from serving.api.rows import Answer, Dashboard, Definition, MetricRow
from serving.api.shown import definitions_of, show

router = APIRouter(prefix="/api/metrics", tags=["metrics"])


@router.get("/dashboard", operation_id="dashboard", responses=numbers(), response_model=Answer[Dashboard])
async def dashboard(
    principal: Annotated[Principal, Depends(requires("catalog"))],
    served: CurrentVersion,
    parameters: Annotated[JsonParameters, Query()],
) -> Response:
    """The company on one page, as far as the caller may see it. JSON only: it is several tables."""

    def compute(reader: Reader, visibility: Visibility) -> Content:
        document, definitions = read_dashboard(reader, served.version, visibility)
        return Content(definitions, document=document)

    return await served.answer(principal, parameters, compute, offered=(Format.JSON,))


@router.get(
    "/catalog",
    operation_id="catalog",
    responses=numbers(Format.CSV, Format.ARROW, also=(410,)),
    response_model=Answer[list[Definition]],
)
async def catalog(
    principal: Annotated[Principal, Depends(requires("catalog"))],
    served: PagedVersion,
    parameters: Annotated[PageParameters, Query()],
) -> Response:
    """What every column means that the caller may see, and which of them `query` can be asked for."""
    after = served.after(parameters)

    def compute(_: Reader, visibility: Visibility) -> Content:
        page = catalog_page(served.version, visibility, parameters.limit, after)
        return Content(page.rows["definition"].to_pylist(), page.rows, last_key=page.last_key)

    return await served.answer(principal, parameters, compute)


@router.get(
    "/query",
    operation_id="query",
    responses=numbers(Format.CSV, Format.ARROW, also=(404, 410)),
    response_model=Answer[list[MetricRow]],
)
async def query(
    principal: Annotated[Principal, Depends(requires("catalog"))],
    served: PagedVersion,
    parameters: Annotated[QueryParameters, Query()],
) -> Response:
    """One metric by period and dimension, with numerator and denominator where it is a ratio.

    A mart of aggregates always gives its whole key (some of its rows are totals); facts are split by what is named.
    """
    after = served.after(parameters)

    def compute(reader: Reader, visibility: Visibility) -> Content:
        asked = question(
            served.version,
            visibility,
            metric=parameters.metric,
            grain=parameters.grain,
            dimensions=parameters.dimension.split(",") if parameters.dimension else (),
            first=parameters.from_,
            last=parameters.to,
        )
        model, columns = asked.metric.model, columns_of(asked)
        if any(visibility.hides(model, name) for name in (asked.metric.column, *asked.dimensions)):
            raise Problem(403, "the caller's role does not reach this metric, or what it is split by")
        page = read_metric(reader, served.version, visibility, asked, limit=parameters.limit, after=after)
        shown = show(page.rows, model, columns, visibility)
        return Content(
            definitions_of(model, shown), answer_rows(shown, asked.metric, asked.dimensions), last_key=page.last_key
        )

    return await served.answer(principal, parameters, compute)
