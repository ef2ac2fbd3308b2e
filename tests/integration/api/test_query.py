"""`/api/metrics/query`: a metric by period and dimension, added up only where it adds up, exact to the last digit."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import duckdb
import httpx
import pytest

PATH = "/api/metrics/query"


def asked(client: httpx.Client, **parameters: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        answer = client.get(PATH, params=parameters)
        assert answer.status_code == 200, answer.text
        found += answer.json()["data"]
        if answer.json()["next_cursor"] is None:
            return found
        parameters["cursor"] = answer.json()["next_cursor"]


@pytest.mark.parametrize("grain", ["day", "week", "month", "quarter", "year"])
@pytest.mark.parametrize("limit", [3, 1000])
def test_additive_metric__is_the_exact_sum_by_grain_and_dimension(
    grain: str, limit: int, management: httpx.Client, direct: duckdb.DuckDBPyConnection
) -> None:
    rows = asked(management, metric="fct_spend_daily.spend_eur", grain=grain, dimension="channel,vendor", limit=limit)
    expected = direct.execute(
        f"select date_trunc('{grain}', spend_date)::date::varchar, channel, vendor, sum(spend_eur)"
        " from marts.fct_spend_daily group by all order by all"
    ).fetchall()
    found = [(row["period"], row["channel"], row["vendor"], Decimal(row["value"])) for row in rows]
    assert found == expected
    assert all(row["value"] == f"{Decimal(row['value']):.4f}" for row in rows)


def test_additive_metric__without_a_dimension_is_the_whole(
    management: httpx.Client, direct: duckdb.DuckDBPyConnection
) -> None:
    rows = asked(management, metric="fct_spend_daily.spend_eur", grain="year")
    assert [Decimal(row["value"]) for row in rows] == [
        direct.execute("select sum(spend_eur) from marts.fct_spend_daily").fetchone()[0]  # type: ignore[index]
    ]
    assert set(rows[0]) == {"period", "value", "is_suppressed"}


@pytest.mark.parametrize(
    ("grain", "expected"),
    [
        # Weeks begin on Monday and belong to two years where they lie in both.
        ("week", {"2025-12-22": 1, "2025-12-29": 2 + 4 + 8 + 16, "2026-01-05": 32, "2026-03-23": 64}),
        ("month", {"2025-12-01": 1 + 2 + 4, "2026-01-01": 8 + 16 + 32, "2026-03-01": 64}),
        ("quarter", {"2025-10-01": 1 + 2 + 4, "2026-01-01": 8 + 16 + 32 + 64}),
        ("year", {"2025-01-01": 1 + 2 + 4, "2026-01-01": 8 + 16 + 32 + 64}),
    ],
)
def test_period__is_named_by_its_first_day_across_the_end_of_a_year(
    grain: str, expected: dict[str, int], management: httpx.Client
) -> None:
    rows = asked(management, metric="fct_agent_days.message_count", grain=grain)
    assert {row["period"]: row["value"] for row in rows} == {day: 30 * messages for day, messages in expected.items()}


def test_period__that_is_cut_holds_only_the_days_within(management: httpx.Client) -> None:
    cut = {"from": "2025-12-31", "to": "2026-01-01"}
    rows = asked(management, metric="fct_agent_days.message_count", grain="week", **cut)
    assert [(row["period"], row["value"]) for row in rows] == [("2025-12-29", 30 * (4 + 8))]


def test_balance__is_given_as_it_is_and_never_added_up(
    management: httpx.Client, direct: duckdb.DuckDBPyConnection
) -> None:
    rows = asked(management, metric="mrr_daily.mrr_eur", **{"from": "2026-11-01"})
    expected = direct.execute(
        "select date::varchar, mrr_eur from marts.mrr_daily where date >= date '2026-11-01' order by date"
    ).fetchall()
    assert [(row["period"], Decimal(row["value"])) for row in rows] == expected
    refused = management.get(PATH, params={"metric": "mrr_daily.mrr_eur", "grain": "month"})
    assert refused.status_code == 422
    assert "by day: its values do not add up" in refused.json()["detail"]
    finer = management.get(PATH, params={"metric": "activation_monthly.trial_count", "grain": "week"})
    assert finer.status_code == 422
    assert "by month, quarter, year: its mart has a row for each month" in finer.json()["detail"]


def test_ratio__over_several_rows_is_the_ratio_of_the_sums_rounded_once(
    management: httpx.Client, direct: duckdb.DuckDBPyConnection
) -> None:
    rows = asked(management, metric="activation_monthly.activation_ratio", grain="quarter")
    expected = direct.execute(
        "select date_trunc('quarter', cohort_month)::date::varchar, acquisition_channel, sum(converted_count)::bigint,"
        " sum(trial_count)::bigint from marts.activation_monthly group by all order by all"
    ).fetchall()
    assert len(expected) == 15
    for row, (period, channel, converted, trials) in zip(rows, expected, strict=True):
        assert (row["period"], row["acquisition_channel"]) == (period, channel)
        assert (row["numerator"], row["denominator"]) == (converted, trials)
        ratio = (Decimal(converted) / Decimal(trials)).quantize(Decimal("0.000001"), ROUND_HALF_UP)
        assert row["value"] == str(ratio)


def test_dimension__of_an_aggregate_always_comes_along(management: httpx.Client) -> None:
    rows = asked(management, metric="cac_monthly.spend_eur", **{"from": "2026-11-01"})
    assert [row["channel"] for row in rows] == ["blended", "google_ads", "organic_search"]


@pytest.mark.parametrize("limit", [1, 2, 1000])
def test_dimension__that_is_null_has_its_own_row_on_one_page(limit: int, management: httpx.Client) -> None:
    rows = asked(management, metric="fct_mrr_movements.mrr_delta_eur", dimension="plan", limit=limit)
    assert [(row["plan"], row["value"]) for row in rows] == [
        ("professional", "1980.0000"),
        ("starter", "1980.0000"),
        (None, "1980.0000"),
    ]


@pytest.mark.parametrize(
    "metric",
    [
        "nothing.at_all",
        "mrr_daily.date",
        "mrr_daily.nothing",
        # A score of single conversations does not add up; conversation_quality_daily has its average.
        "fct_conversations.quality_score",
        "dim_accounts.mrr_eur",
        "kpi_daily.value",
        "pg_catalog.pg_tables",
    ],
)
def test_metric__that_cannot_be_asked_for_is_404(metric: str, management: httpx.Client) -> None:
    assert management.get(PATH, params={"metric": metric}).status_code == 404


@pytest.mark.parametrize("dimension", ["account_id", "visitor_token", "spend_eur", "vendor,vendor", "nothing"])
def test_dimension__that_is_no_group_is_422(dimension: str, management: httpx.Client) -> None:
    answer = management.get(PATH, params={"metric": "fct_spend_daily.spend_eur", "dimension": dimension})
    assert answer.status_code == 422
    assert "channel, vendor" in answer.json()["detail"]


def test_catalog__says_how_a_metric_can_be_asked_for(management: httpx.Client) -> None:
    rows = management.get("/api/metrics/catalog?limit=1000").json()["data"]
    askable = {row["definition"]: row for row in rows if row["grains"] is not None}
    assert askable["fct_spend_daily.spend_eur"]["grains"] == "day week month quarter year"
    assert askable["fct_spend_daily.spend_eur"]["dimensions"] == "channel vendor"
    assert askable["mrr_daily.mrr_eur"]["grains"] == "day"
    for definition, row in askable.items():
        for grain in row["grains"].split():
            answer = management.get(PATH, params={"metric": definition, "grain": grain, "limit": 2})
            assert answer.status_code == 200, (definition, grain, answer.text)
