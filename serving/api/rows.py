"""The shapes of answers, for the OpenAPI document: one model a kind of row, and the envelope around them.

Belongs here: names and types. Does not: what a number means (the catalog), reading rows. A test holds every field
against the marts. All but keys may be missing: a column that the caller may not see, or that an older version did not
have, is left out; null is what nobody knows.
"""

from __future__ import annotations

from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

Data = TypeVar("Data")

_DECIMAL = r"^-?[0-9]+(\.[0-9]+)?$"
Day = Annotated[str, Field(json_schema_extra={"format": "date"}, examples=["2026-11-01"])]
Instant = Annotated[str, Field(json_schema_extra={"format": "date-time"}, examples=["2026-11-01T09:30:00Z"])]
Eur = Annotated[
    str, Field(pattern=_DECIMAL, description="An exact decimal, in the reporting currency", examples=["24500.0000"])
]
Ratio = Annotated[str, Field(pattern=_DECIMAL, description="An exact fraction; 0.05 is 5 %", examples=["0.153000"])]
Number = Annotated[str, Field(pattern=_DECIMAL, description="An exact decimal", examples=["42.0000"])]
Count = Annotated[int, Field(examples=[189])]
Text = Annotated[str, Field(examples=["google_ads"])]


class Row(BaseModel):
    """A row of an answer."""

    model_config = ConfigDict(extra="forbid")

    @classmethod
    def columns(cls) -> tuple[str, ...]:
        """The columns a row may have, in order."""
        return tuple(name for name in cls.model_fields if name != "is_suppressed")


class SuppressibleRow(Row):
    """A row that may stand for very few."""

    is_suppressed: bool | None = Field(
        default=None, description="Whether values are null because too few stand behind them", examples=[False]
    )


class TimeToValue(SuppressibleRow):
    """From an agent's creation to its first conversation."""

    agent_id: Text
    account_id: Text | None = None
    created_at: Instant | None = None
    created_week: Day | None = None
    first_conversation_at: Instant | None = None
    ttfv_hours: Number | None = None
    is_within_target: bool | None = None


class ConversationQuality(SuppressibleRow):
    """One conversation's score, and what it is made of."""

    conversation_id: Text
    agent_id: Text | None = None
    account_id: Text | None = None
    started_at: Instant | None = None
    started_date: Day | None = None
    ended_at: Instant | None = None
    duration_seconds: Count | None = None
    message_count: Count | None = None
    visitor_message_count: Count | None = None
    agent_message_count: Count | None = None
    lead_count: Count | None = None
    has_lead: bool | None = None
    rated_response_count: Count | None = None
    accurate_response_count: Count | None = None
    quality_score: Number | None = None


class WeeklyActive(SuppressibleRow):
    """The seven days ending on a day."""

    activity_date: Day
    active_agents: Count | None = None
    conversation_count: Count | None = None
    conversations_per_active_agent: Number | None = None


class RevenueMonth(SuppressibleRow):
    """Recurring revenue of a month."""

    revenue_month: Day
    is_complete: bool | None = None
    opening_mrr_eur: Eur | None = None
    new_mrr_eur: Eur | None = None
    expansion_mrr_eur: Eur | None = None
    reactivation_mrr_eur: Eur | None = None
    contraction_mrr_eur: Eur | None = None
    churn_mrr_eur: Eur | None = None
    fx_delta_eur: Eur | None = None
    closing_mrr_eur: Eur | None = None
    committed_mrr_eur: Eur | None = None
    arr_eur: Eur | None = None
    opening_accounts: Count | None = None
    new_accounts: Count | None = None
    reactivated_accounts: Count | None = None
    churned_accounts: Count | None = None
    paying_accounts: Count | None = None
    started_and_churned_accounts: Count | None = None
    arpu_eur: Eur | None = None
    mrr_growth_ratio: Ratio | None = None
    quick_ratio: Ratio | None = None
    customer_churn_ratio: Ratio | None = None
    gross_mrr_churn_ratio: Ratio | None = None
    net_mrr_churn_ratio: Ratio | None = None
    grr_ratio: Ratio | None = None
    nrr_ratio: Ratio | None = None
    trailing_churn_ratio: Ratio | None = None
    ltv_eur: Eur | None = None
    ltv_gross_margin_eur: Eur | None = None
    new_arpu_eur: Eur | None = None
    cac_blended_eur: Eur | None = None
    payback_months: Number | None = None
    ltv_cac_ratio: Ratio | None = None


class Activation(SuppressibleRow):
    """Trials begun in a month, by channel; `all` is every channel."""

    cohort_month: Day
    acquisition_channel: Text
    trial_count: Count | None = None
    converted_count: Count | None = None
    activation_ratio: Ratio | None = None
    matured_count: Count | None = None
    is_matured: bool | None = None
    median_days_to_convert: Number | None = None


class Acquisition(SuppressibleRow):
    """What customers cost in a month, by channel; `blended` is every channel."""

    cac_month: Day
    channel: Text
    spend_eur: Eur | None = None
    trial_count: Count | None = None
    new_paying_accounts: Count | None = None
    cac_eur: Eur | None = None
    cost_per_trial_eur: Eur | None = None


class Cohort(SuppressibleRow):
    """Accounts that began to pay in one month, some months later."""

    cohort_month: Day
    months_since: Annotated[int, Field(ge=0, examples=[3])]
    cohort_accounts: Count | None = None
    retained_accounts: Count | None = None
    retention_ratio: Ratio | None = None
    churned_accounts: Count | None = None
    churn_ratio: Ratio | None = None
    retained_mrr_eur: Eur | None = None
    mrr_retention_ratio: Ratio | None = None
    cumulative_revenue_eur: Eur | None = None
    cumulative_revenue_per_account_eur: Eur | None = None


class Headline(Row):
    """A headline metric on the version's last day."""

    metric: Annotated[str, Field(examples=["mrr_eur"])]
    definition: str | None = Field(description="Where the metric is defined", examples=["mrr_daily.mrr_eur"])
    label: str = Field(examples=["MRR"])
    unit: str = Field(examples=["eur"])
    value: Number | None
    target: Number | None
    comparator: str | None = Field(description="How the value is to stand to the target", examples=[">="])
    is_on_target: bool | None
    previous_value: Number | None = Field(description="A month earlier")
    change_ratio: Ratio | None


class Dashboard(Row):
    """The company on one page; a block without a field that the caller may see is left out."""

    headline: list[Headline] = Field(description="The last day")
    revenue: RevenueMonth | None = Field(default=None, description="The newest month")
    weekly_active: WeeklyActive | None = Field(default=None, description="The last day")
    activation: list[Activation] | None = Field(default=None, description="The newest twelve months, every channel")
    acquisition: list[Acquisition] | None = Field(default=None, description="The newest month, by channel")
    cohorts: list[Cohort] | None = Field(default=None, description="The newest twelve cohorts, as they stand")


class Definition(Row):
    """What a published column means, and how `/api/metrics/query` can be asked for it."""

    definition: str = Field(description="The id: mart and column", examples=["mrr_daily.mrr_eur"])
    model: str = Field(examples=["mrr_daily"])
    column: str = Field(examples=["mrr_eur"])
    model_description: str = Field(examples=["One row per local day."])
    description: str = Field(examples=["MRR at the day's end."])
    data_type: str | None = Field(examples=["decimal(18,4)"])
    is_key: bool
    label: str | None = Field(description="Of metrics, as all that follow", examples=["MRR"])
    unit: str | None = Field(examples=["eur"])
    said_as: str | None = Field(description="`multiple` for a ratio that is said as three times, not as 300 %")
    formula: str | None = Field(examples=["Sum over accounts."])
    owner: str | None = Field(examples=["finance"])
    additive: bool | None = Field(description="Whether values of several rows may be summed")
    better: str | None = Field(examples=["up"])
    numerator: str | None = Field(description="Column; a ratio of several rows is the ratio of the sums")
    denominator: str | None = Field(description="Column")
    grains: str | None = Field(description="With spaces; null where it cannot be asked for", examples=["day month"])
    dimensions: str | None = Field(description="With spaces", examples=["channel vendor"])


class MetricRow(BaseModel):
    """A metric in one period. Each dimension is a field more, of its column's name."""

    model_config = ConfigDict(extra="allow")

    period: Day
    value: Number | Count | None
    numerator: Number | Count | None = None
    denominator: Number | Count | None = None
    is_suppressed: bool | None = None


class Answer(BaseModel, Generic[Data]):
    """What every answer says of itself, and the data."""

    model_config = ConfigDict(extra="forbid")

    version: str = Field(description="The published version that every number is of", examples=["20261122T020004Z"])
    as_of: Day = Field(description="The last complete day the numbers know")
    definitions: list[str] = Field(description="Ids in the catalog", examples=[["mrr_daily.mrr_eur"]])
    data: Data
    next_cursor: str | None = Field(
        description="Parameter `cursor` of the next page, null on the last", examples=[None]
    )


class Ping(BaseModel):
    """Who asks. No number is read for it."""

    role: str = Field(examples=["analyst"])
    scopes: list[str] = Field(examples=[["catalog", "finance"]])


class Health(BaseModel):
    """The process answers."""

    status: str = Field(examples=["ok"])


class Ready(Health):
    """A version can be read."""

    version: str = Field(examples=["20261122T020004Z"])
