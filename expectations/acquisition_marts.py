"""Gate 2: what must hold of the acquisition marts (METRICS 2.3).

Belongs here: claims about volume, ranges, closed sets, density and dates. Does not belong here: definitions and sums
that must agree, which dbt's tests own.
"""

from __future__ import annotations

from expectations.mart_contract import (
    MARTS,
    Feeder,
    Mart,
    ends_by_as_of,
    has_row_of_all,
    is_dense,
    is_one_of,
    lies_within_unit,
    not_negative,
    reaches_as_of,
    rows,
    starts_its_month,
)

# METRICS 2.3
CHANNELS = ("organic_search", "wordpress_plugin", "google_ads", "content_marketing", "other")


def acquisition_marts() -> tuple[Mart, ...]:
    """Trials and what became of them, spend and what it brought."""
    return (*_trial_marts(), *_spend_marts())


def _trial_marts() -> tuple[Mart, ...]:
    trials, monthly, rolling = "fct_trials", "activation_monthly", "activation_rolling"
    return (
        Mart(
            trials,
            key=("account_id",),
            columns=(
                "trial_started_at",
                "cohort_month",
                "converted_at",
                "is_converted",
                "days_to_convert",
                "is_matured",
                "acquisition_channel",
            ),
            # Who paid before a trial began is no trial, so what began one proves no row.
            feeders=(),
            own_rules=(
                is_one_of(trials, "acquisition_channel", CHANNELS),
                not_negative(trials, "days_to_convert"),
                rows(
                    trials,
                    "conversions_agree",
                    "is_converted is distinct from (converted_at is not null)"
                    " or (days_to_convert is null) <> (converted_at is null) or converted_at < trial_started_at",
                    "Converted, when, and after how many days are known together; none converts before it starts.",
                ),
                rows(trials, "maturity_is_known", "is_matured is null", "Every trial is matured or not."),
                starts_its_month(trials, "cohort_month"),
                ends_by_as_of(trials, "cohort_month"),
            ),
        ),
        Mart(
            monthly,
            key=("cohort_month", "acquisition_channel"),
            columns=("trial_count", "converted_count", "activation_ratio", "matured_count", "median_days_to_convert"),
            feeders=(Feeder((MARTS, trials)),),
            own_rules=(
                is_one_of(monthly, "acquisition_channel", (*CHANNELS, "all")),
                has_row_of_all(monthly, "cohort_month", "acquisition_channel", "all"),
                not_negative(monthly, "converted_count", "matured_count", "median_days_to_convert"),
                rows(
                    monthly,
                    "parts_fit_their_wholes",
                    "trial_count < 1 or converted_count > trial_count or matured_count > trial_count",
                    "A row stands for trials; no more convert or mature than there are.",
                ),
                lies_within_unit(monthly, "activation_ratio"),
                starts_its_month(monthly, "cohort_month"),
                ends_by_as_of(monthly, "cohort_month"),
            ),
        ),
        Mart(
            rolling,
            key=("activity_date",),
            columns=("trials_ended_30d", "conversions_30d", "conversion_ratio_30d"),
            feeders=(Feeder((MARTS, trials)),),
            own_rules=(
                not_negative(rolling, "trials_ended_30d", "conversions_30d"),
                lies_within_unit(rolling, "conversion_ratio_30d"),
                is_dense(rolling, "activity_date"),
                ends_by_as_of(rolling, "activity_date"),
                reaches_as_of(rolling, "activity_date"),
            ),
        ),
    )


def _spend_marts() -> tuple[Mart, ...]:
    spend, cac = "fct_spend_daily", "cac_monthly"
    return (
        Mart(
            spend,
            key=("spend_date", "channel", "vendor"),
            columns=("spend_eur", "clicks", "impressions", "conversions_reported"),
            # Bills may all lie ahead, and credits may take all of them back: no source proves a row.
            feeders=(),
            own_rules=(
                is_one_of(spend, "channel", CHANNELS),
                not_negative(spend, "clicks", "impressions", "conversions_reported"),
                rows(
                    spend,
                    "rows_tell_something",
                    "spend_eur = 0 and coalesce(clicks, 0) = 0 and coalesce(impressions, 0) = 0"
                    " and coalesce(conversions_reported, 0) = 0",
                    "A row stands for money, or for what an ad did.",
                ),
                ends_by_as_of(spend, "spend_date"),
            ),
        ),
        Mart(
            cac,
            key=("cac_month", "channel"),
            columns=("spend_eur", "trial_count", "new_paying_accounts", "cac_eur", "cost_per_trial_eur"),
            # A month of spend that cancels out, without trials or accounts, has no row.
            feeders=(Feeder((MARTS, "fct_trials")),),
            own_rules=(
                is_one_of(cac, "channel", (*CHANNELS, "blended")),
                has_row_of_all(cac, "cac_month", "channel", "blended"),
                not_negative(cac, "trial_count", "new_paying_accounts"),
                rows(
                    cac,
                    "quotients_have_a_denominator",
                    "(cac_eur is null) <> (spend_eur is null or new_paying_accounts = 0)"
                    " or (cost_per_trial_eur is null) <> (spend_eur is null or trial_count = 0)",
                    "A cost is NULL exactly when spend is unknown or there is nothing to divide it by.",
                ),
                starts_its_month(cac, "cac_month"),
                ends_by_as_of(cac, "cac_month"),
            ),
        ),
    )
