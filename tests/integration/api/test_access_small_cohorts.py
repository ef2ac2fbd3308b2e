"""Numbers about few, over the API: gone for all but management, whatever page, filter, sum or format is asked for."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import duckdb
import httpx
import pyarrow as pa
import pytest

from serving.publish import publish
from tests.integration.api.published_company import AS_OF, FIRST_NIGHT, write_warehouse
from tests.integration.api.running_api import RunningApi, running_api

MONTH = "2026-05-01"
# Trials of one month: 2 of the plugin, and as the next larger one the 6 of content must go with them.
TRIALS = {"wordpress_plugin": 2, "content_marketing": 6, "google_ads": 40, "other": 0, "organic_search": 50}
# A month in which so few began a trial that there is no total to tell.
QUIET_MONTH = "2026-09-01"
QUIET = {"wordpress_plugin": 0, "content_marketing": 0, "google_ads": 2, "other": 1, "organic_search": 0}

# Accounts that moved in January by plan: 4 of enterprise, and with them the next larger group, the 26 of starter.
MOVED = {"enterprise": range(4), "starter": range(4, 30), "professional": range(30, 70)}


# Who asks first decides what the server keeps; it must not decide what the other one sees.
@pytest.fixture(scope="module", params=["management", "analyst"], ids="{} first".format)
def first(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def api(first: str, tmp_path_factory: pytest.TempPathFactory, definitions: Mapping[str, Any]) -> Iterator[RunningApi]:
    folder = tmp_path_factory.mktemp("cohorts")
    warehouse = folder / "warehouse.duckdb"
    write_warehouse(warehouse, definitions)
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(
            "delete from marts.activation_monthly where cohort_month in (?::date, ?::date)", [MONTH, QUIET_MONTH]
        )
        connection.executemany(
            "insert into marts.activation_monthly by name select ?::date as cohort_month, ? as acquisition_channel,"
            " ? as trial_count, ? as converted_count, 0.5 as activation_ratio, ? as matured_count, true as is_matured,"
            " 3 as median_days_to_convert",
            [
                [month, name, size, size // 2, size]
                for month, sizes in ((MONTH, TRIALS), (QUIET_MONTH, QUIET))
                for name, size in {**sizes, "all": sum(sizes.values())}.items()
            ],
        )
        connection.execute(
            "update marts.cac_monthly set trial_count = 2 where cac_month = ? and channel = 'google_ads'",
            [QUIET_MONTH],
        )
        connection.executemany(
            "insert into marts.fct_mrr_movements by name select ? as account_id, 'EUR' as currency,"
            " timestamptz '2026-01-05 10:00:00+00' as effective_at, date '2026-01-05' as effective_date,"
            " 'new' as movement_type, 77.7777 as mrr_delta_eur, ? as plan",
            [[f"account-{number}", plan] for plan, numbers in MOVED.items() for number in numbers],
        )
    publish(
        warehouse,
        folder / "published",
        run_id="run",
        run_instant=FIRST_NIGHT,
        as_of_date=AS_OF,
        definitions=definitions,
        published_at=FIRST_NIGHT + timedelta(minutes=1),
    )
    with running_api(folder) as running:
        yield running


@pytest.fixture(scope="module")
def clients(first: str, api: RunningApi) -> Iterator[dict[str, httpx.Client]]:
    """A client by role, the one that asks first in front."""
    found = {role: api.client(role) for role in sorted(("management", "analyst"), key=lambda role: role != first)}
    yield found
    for client in found.values():
        client.close()


def rows(client: httpx.Client, path: str, **query: object) -> list[dict[str, Any]]:
    """All rows, page by page."""
    found: list[dict[str, Any]] = []
    while True:
        answer = client.get(f"/api/metrics/{path}", params={name.rstrip("_"): value for name, value in query.items()})
        assert answer.status_code == 200, answer.text
        document = answer.json()
        found += document["data"]
        if document["next_cursor"] is None:
            return found
        query["cursor"] = document["next_cursor"]


def hidden_by_size(found: list[dict[str, Any]]) -> set[str]:
    """Channels whose number of trials is gone."""
    return {row["acquisition_channel"] for row in found if row["cohort_month"] == MONTH and row["trial_count"] is None}


HIDDEN = {"wordpress_plugin", "content_marketing"}


def test_small_cohorts__are_hidden_from_analysts_and_not_from_management(clients: dict[str, httpx.Client]) -> None:
    found = {role: rows(client, "activation", from_=MONTH, to=MONTH) for role, client in clients.items()}
    assert hidden_by_size(found["analyst"]) == HIDDEN
    assert hidden_by_size(found["management"]) == set()
    assert not any(row["is_suppressed"] for row in found["management"])
    assert {row["acquisition_channel"] for row in found["analyst"]} == {*TRIALS, "all"}


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_small_cohorts__are_hidden_on_pages_as_they_are_in_the_whole(
    clients: dict[str, httpx.Client], limit: int
) -> None:
    whole = rows(clients["analyst"], "activation")
    assert rows(clients["analyst"], "activation", limit=limit) == whole


@pytest.mark.parametrize("channel", [*TRIALS, "all"])
def test_small_cohorts__are_hidden_when_one_channel_is_asked_for(
    clients: dict[str, httpx.Client], channel: str
) -> None:
    found = rows(clients["analyst"], "activation", from_=MONTH, to=MONTH, channel=channel)
    assert hidden_by_size(found) == HIDDEN & {channel}


@pytest.mark.parametrize("format_", ["csv", "arrow"])
def test_small_cohorts__are_hidden_in_every_format(clients: dict[str, httpx.Client], format_: str) -> None:
    for role, client in clients.items():
        query = {"from": MONTH, "to": MONTH, "format": format_}
        content = client.get("/api/metrics/activation", params=query).content
        if format_ == "csv":
            table = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
        else:
            table = pa.ipc.open_stream(content).read_all().to_pylist()
        gone = {row["acquisition_channel"] for row in table if row["trial_count"] in {None, ""}}
        assert gone == (HIDDEN if role == "analyst" else set())


def test_small_cohorts__are_hidden_as_a_metric_and_no_sum_counts_them(clients: dict[str, httpx.Client]) -> None:
    asked = {"metric": "activation_monthly.trial_count", "limit": 1000}
    by_month = rows(clients["analyst"], "query", **asked, from_=MONTH, to=MONTH)
    assert {row["acquisition_channel"] for row in by_month if row["value"] is None} == HIDDEN
    by_year = rows(clients["analyst"], "query", **asked, grain="year")
    of_year = {row["acquisition_channel"]: row for row in by_year if row["period"] == "2026-01-01"}
    gone = {name for name, row in of_year.items() if row["value"] is None and row["is_suppressed"]}
    assert gone == {*HIDDEN, "google_ads", "other", "all"}
    known = {
        row["acquisition_channel"]: row["value"]
        for row in rows(clients["management"], "query", **asked, grain="year")
        if row["period"] == "2026-01-01"
    }
    assert known["wordpress_plugin"] == 2
    assert of_year["organic_search"]["value"] == known["organic_search"]


def test_columns_that_no_rule_hides__are_summed_over_months_with_few(clients: dict[str, httpx.Client]) -> None:
    asked = {"metric": "cac_monthly.spend_eur", "limit": 1000}
    analyst, management = clients["analyst"], clients["management"]
    assert any(row["is_suppressed"] for row in rows(analyst, "query", **asked))
    assert [row["value"] for row in rows(analyst, "query", **asked, grain="quarter")] == [
        row["value"] for row in rows(management, "query", **asked, grain="quarter")
    ]


def test_ratio_of_sums__is_hidden_with_its_parts(clients: dict[str, httpx.Client]) -> None:
    asked = {"metric": "activation_monthly.activation_ratio", "grain": "quarter", "limit": 1000}
    found = {
        row["acquisition_channel"]: row
        for row in rows(clients["analyst"], "query", **asked)
        if row["period"] == "2026-04-01"
    }
    for name in HIDDEN:
        assert {found[name][part] for part in ("value", "numerator", "denominator")} == {None}
    assert found["organic_search"]["value"] is not None


FACTS = {"metric": "fct_mrr_movements.mrr_delta_eur", "from_": "2026-01-01", "to": "2026-01-31"}


def test_facts__of_few_accounts_are_no_sum_and_the_total_minus_the_others_is_not_theirs(
    clients: dict[str, httpx.Client],
) -> None:
    asked = {**FACTS, "dimension": "plan", "grain": "month"}
    seen = {row["plan"]: row["value"] for row in rows(clients["management"], "query", **asked)}
    assert seen == {"enterprise": "311.1108", "starter": "2022.2202", "professional": "3111.1080"}
    found = rows(clients["analyst"], "query", **asked)
    assert {row["plan"]: row["value"] for row in found if not row["is_suppressed"]} == {"professional": "3111.1080"}
    assert {row["plan"]: row["value"] for row in found if row["is_suppressed"]} == {"enterprise": None, "starter": None}
    (whole,) = rows(clients["analyst"], "query", **FACTS)
    assert whole == {"period": "2026-01-01", "value": "5444.4390", "is_suppressed": False}


@pytest.mark.parametrize("grain", ["quarter", "year"])
def test_facts__of_a_longer_period_are_gone_where_those_of_one_of_its_months_are(
    clients: dict[str, httpx.Client], grain: str
) -> None:
    found = {row["plan"]: row for row in rows(clients["analyst"], "query", **FACTS, dimension="plan", grain=grain)}
    assert {name: row["value"] for name, row in found.items()} == {
        "enterprise": None,
        "starter": None,
        "professional": "3111.1080",
    }


def test_facts__are_given_by_whole_months_so_that_two_periods_do_not_differ_by_one_account(
    clients: dict[str, httpx.Client],
) -> None:
    for first, last, months in (("2026-01-01", "2026-01-04", 1), ("2026-01-02", "2026-01-31", 0)):
        found = rows(clients["analyst"], "query", **{**FACTS, "from_": first, "to": last})
        assert [row["value"] for row in found] == ["5444.4390"] * months
    for grain in ("day", "week"):
        assert rows(clients["management"], "query", **FACTS, grain=grain)
        refused = clients["analyst"].get("/api/metrics/query", params={"metric": FACTS["metric"], "grain": grain})
        assert refused.status_code == 422
        assert "single accounts" in refused.json()["detail"]


def test_facts__are_split_by_one_dimension_for_two_would_leave_one_account_between_their_sums(
    clients: dict[str, httpx.Client],
) -> None:
    asked = {"metric": FACTS["metric"], "dimension": "plan,currency"}
    assert rows(clients["management"], "query", **asked)
    refused = clients["analyst"].get("/api/metrics/query", params=asked)
    assert refused.status_code == 422
    assert "single accounts" in refused.json()["detail"]


def test_catalog__says_to_each_role_by_what_it_may_ask(clients: dict[str, httpx.Client]) -> None:
    grains = {
        role: next(row for row in rows(client, "catalog", limit=1000) if row["definition"] == FACTS["metric"])["grains"]
        for role, client in clients.items()
    }
    assert grains == {"management": "day week month quarter year", "analyst": "month quarter year"}


def test_dashboard__hides_what_the_routes_hide(clients: dict[str, httpx.Client]) -> None:
    for role, client in clients.items():
        months = {row["cohort_month"]: row for row in client.get("/api/metrics/dashboard").json()["data"]["activation"]}
        assert months[MONTH]["trial_count"] == sum(TRIALS.values())
        assert months[QUIET_MONTH]["trial_count"] == (None if role == "analyst" else sum(QUIET.values()))
