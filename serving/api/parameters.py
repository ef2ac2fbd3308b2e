"""Query parameters: what a client may say, and what a value must look like.

Belongs here: one model a kind of route. Does not: what follows from a value. A parameter that is not named here is an
error, for a misspelt filter must not answer with everything.
"""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from fastapi import Path
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator

from serving.api.cursors import MAX_LENGTH
from serving.api.negotiation import Format

PAGE_ROWS = 100
MOST_PAGE_ROWS = 1000

# Ids are the app's: any text, but not one that would only make a log or a plan longer.
AgentId = Annotated[str, Path(min_length=1, max_length=200, description="The app's own id", examples=["agent-1"])]
ConversationId = Annotated[
    str, Path(min_length=1, max_length=200, description="The app's own id", examples=["conversation-1"])
]


def _iso_day(value: object) -> object:
    """Pass days as ISO 8601 writes them. Left to itself, the library takes a number for seconds since 1970."""
    if isinstance(value, str) and not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError("write a day like 2026-01-31")
    return value


Day = Annotated[date, BeforeValidator(_iso_day)]


class Grain(StrEnum):
    """The length of a period, which is named by its first day; weeks begin on Monday."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class NoParameters(BaseModel):
    """For routes that take none."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class JsonParameters(NoParameters):
    """For routes that answer with more than one table."""

    format: Annotated[
        Literal[Format.JSON] | None, Field(description="Goes before the header Accept", examples=["json"])
    ] = None


class FormatParameters(NoParameters):
    """For routes that answer with one thing."""

    format: Annotated[Format | None, Field(description="Goes before the header Accept", examples=["csv"])] = None


class PageParameters(FormatParameters):
    """For routes that answer with a list."""

    limit: Annotated[int, Field(ge=1, le=MOST_PAGE_ROWS, description="The most rows of a page")] = PAGE_ROWS
    cursor: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=MAX_LENGTH,
            description="next_cursor of the page before; all parameters but limit and format as they were",
        ),
    ] = None


class PeriodParameters(PageParameters):
    """For lists over time."""

    from_: Annotated[
        Day | None, Field(alias="from", description="First day, not after `to`", examples=["2026-01-01"])
    ] = None
    to: Annotated[
        Day | None,
        Field(description="Last day; months and weeks count by their first", examples=["2026-12-31"]),
    ] = None

    @field_validator("to")
    @classmethod
    def _not_before_from(cls, value: date | None, info: ValidationInfo) -> date | None:
        first = info.data.get("from_")
        if first is not None and value is not None and value < first:
            raise ValueError("`to` lies before `from`")
        return value


class ChannelParameters(PeriodParameters):
    """For lists over time and channel."""

    channel: Annotated[
        str | None, Field(pattern="^[a-z_]{1,64}$", description="One acquisition channel", examples=["google_ads"])
    ] = None


class CohortParameters(PeriodParameters):
    """For cohorts: the period is of their first months."""

    months_since: Annotated[
        int | None, Field(ge=0, le=1200, description="Only this many months after the first", examples=[3])
    ] = None


class QueryParameters(PeriodParameters):
    """For one metric of the catalog."""

    metric: Annotated[
        str,
        Field(
            pattern="^[a-z][a-z0-9_]{0,62}[.][a-z][a-z0-9_]{0,62}$",
            description="The id of a definition: mart and column",
            examples=["fct_spend_daily.spend_eur"],
        ),
    ]
    grain: Annotated[
        Grain | None, Field(description="The first that the catalog names where it is left out", examples=["month"])
    ] = None
    dimension: Annotated[
        str | None,
        Field(
            pattern="^[a-z][a-z0-9_]{0,62}(,[a-z][a-z0-9_]{0,62}){0,4}$",
            description="Columns of the mart to split by, with commas; the catalog lists them",
            examples=["channel"],
        ),
    ] = None
