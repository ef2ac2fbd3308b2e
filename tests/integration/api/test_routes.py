"""What the routes answer: the published file's own numbers, whole, in every format, page by page, of one version."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import httpx
import pyarrow as pa
import pytest

from serving.api import rows
from serving.version import Version
from tests.integration.api.running_api import RunningApi

# Route → mart and key.
LISTS = {
    "/api/metrics/weekly-active": ("weekly_active_agents", ["activity_date"]),
    "/api/metrics/revenue": ("revenue_monthly", ["revenue_month"]),
    "/api/metrics/activation": ("activation_monthly", ["cohort_month", "acquisition_channel"]),
    "/api/metrics/acquisition": ("cac_monthly", ["cac_month", "channel"]),
    "/api/metrics/cohorts": ("churn_cohorts", ["cohort_month", "months_since"]),
}
ROW_MODELS = {
    "fct_agent_ttfv": rows.TimeToValue,
    "fct_conversations": rows.ConversationQuality,
    "weekly_active_agents": rows.WeeklyActive,
    "revenue_monthly": rows.RevenueMonth,
    "activation_monthly": rows.Activation,
    "cac_monthly": rows.Acquisition,
    "churn_cohorts": rows.Cohort,
}


def as_text(value: object) -> Any:
    """A value as JSON must say it, reckoned without the code under test."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else value


def as_field(value: object) -> str | None:
    """A JSON value as a reader of CSV finds it; an empty text and NULL look the same to Python's."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value in {None, ""} else str(value)


def all_pages(client: httpx.Client, path: str, **parameters: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        answer = client.get(path, params=parameters)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        found += body["data"]
        if body["next_cursor"] is None:
            return found
        parameters["cursor"] = body["next_cursor"]


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("limit", [7, 1000])
def test_list__pages_hold_every_row_of_the_published_file_once_and_in_order(
    path: str, limit: int, management: httpx.Client, direct: duckdb.DuckDBPyConnection
) -> None:
    mart, key = LISTS[path]
    cursor = direct.execute(f"select * from marts.{mart} order by {', '.join(key)}")
    names = [column[0] for column in cursor.description]
    expected = [{name: as_text(value) for name, value in zip(names, row, strict=True)} for row in cursor.fetchall()]
    found = all_pages(management, path, limit=limit)
    assert [{name: value for name, value in row.items() if name != "is_suppressed"} for row in found] == expected


@pytest.mark.parametrize(
    "path",
    [
        *LISTS,
        "/api/metrics/query?metric=fct_spend_daily.spend_eur&dimension=vendor",
        "/api/metrics/catalog",
        "/api/metrics/agents/agent-3/time-to-value",
        "/api/metrics/conversations/conversation-5/quality",
    ],
)
def test_formats__csv_and_arrow_and_json_hold_the_same_rows(path: str, management: httpx.Client) -> None:
    document = management.get(path, headers={"Accept": "application/json"})
    body = document.json()
    expected = body["data"] if isinstance(body["data"], list) else [body["data"]]

    table = management.get(path, headers={"Accept": "application/vnd.apache.arrow.stream"})
    stream = pa.ipc.open_stream(table.content).read_all()
    assert [{name: as_text(value) for name, value in row.items()} for row in stream.to_pylist()] == expected
    said = {name.decode(): value.decode() for name, value in stream.schema.metadata.items()}
    assert (said["version"], said["as_of"]) == (body["version"], body["as_of"])
    assert said["definitions"].split() == body["definitions"]
    assert said["next_cursor"] == (body["next_cursor"] or "")

    text = management.get(path, headers={"Accept": "text/csv"})
    written = [
        [field if field != "" else None for field in line] for line in csv.reader(io.StringIO(text.text, newline=""))
    ]
    assert written[0] == list(expected[0])
    assert written[1:] == [[as_field(value) for value in row.values()] for row in expected]
    for answer in (document, table, text):
        assert answer.headers["x-netvexa-version"] == body["version"]
        assert answer.headers["x-netvexa-as-of"] == body["as_of"]
    assert text.headers["x-netvexa-definitions"].split() == body["definitions"]
    assert text.headers.get("x-netvexa-next-cursor") == body["next_cursor"]


def test_csv__null_and_an_empty_text_are_two_things(management: httpx.Client) -> None:
    spend = management.get("/api/metrics/query?metric=fct_spend_daily.spend_eur&dimension=vendor&grain=year&format=csv")
    assert '\r\n2026-01-01,"",' in spend.text
    assert '"Müller, ""Söhne"""' in spend.text
    moves = management.get("/api/metrics/query?metric=fct_mrr_movements.mrr_delta_eur&dimension=plan&format=csv")
    assert "\r\n2026-10-02,," in moves.text


def test_answer__names_version_as_of_and_definitions_that_the_catalog_explains(
    company: Version, management: httpx.Client
) -> None:
    catalog = {row["definition"]: row for row in all_pages(management, "/api/metrics/catalog", limit=1000)}
    for path in (*LISTS, "/api/metrics/dashboard", "/api/metrics/agents/agent-3/time-to-value"):
        body = management.get(path).json()
        assert (body["version"], body["as_of"]) == (company.id, company.as_of_date.isoformat())
        assert body["definitions"]
        assert set(body["definitions"]) <= set(catalog)
    assert catalog["revenue_monthly.closing_mrr_eur"]["unit"] == "eur"


def test_dashboard__holds_the_last_day_and_the_newest_rows(management: httpx.Client) -> None:
    data = management.get("/api/metrics/dashboard").json()["data"]
    assert [row["metric"] for row in data["headline"]][:2] == ["mrr_eur", "arr_eur"]
    assert data["headline"][0]["value"] == "0.000000"
    homes = {row["metric"]: row["definition"] for row in data["headline"]}
    # Three marts more have the column, each of something else than the whole company's day.
    assert homes["mrr_eur"] == "mrr_daily.mrr_eur"
    assert {row["metric"]: row["comparator"] for row in data["headline"]}["quick_ratio"] == ">="
    assert (data["revenue"]["revenue_month"], data["revenue"]["closing_mrr_eur"]) == ("2026-11-01", "25800.0000")
    assert data["weekly_active"]["activity_date"] == "2026-11-21"
    assert [row["cohort_month"] for row in data["activation"]][:2] == ["2026-11-01", "2026-10-01"]
    assert {row["acquisition_channel"] for row in data["activation"]} == {"all"}
    assert [row["channel"] for row in data["acquisition"]] == ["blended", "google_ads", "organic_search"]
    assert (data["cohorts"][0]["cohort_month"], data["cohorts"][0]["months_since"]) == ("2026-11-01", 0)
    assert len(data["cohorts"]) == len(data["activation"]) == 12


def test_dashboard__is_several_tables_and_so_json_only(management: httpx.Client) -> None:
    refused = management.get("/api/metrics/dashboard", headers={"Accept": "text/csv"})
    assert refused.status_code == 406
    assert "application/json" in refused.json()["detail"]
    assert management.get("/api/metrics/dashboard", params={"format": "csv"}).status_code == 422
    assert management.get("/api/metrics/dashboard", params={"format": "json"}).status_code == 200


def test_period__both_ends_belong_to_it(management: httpx.Client) -> None:
    found = all_pages(management, "/api/metrics/revenue", **{"from": "2026-02-01", "to": "2026-04-01"})
    assert [row["revenue_month"] for row in found] == ["2026-02-01", "2026-03-01", "2026-04-01"]


def test_filters__by_channel_and_by_age_of_a_cohort(management: httpx.Client) -> None:
    by_channel = all_pages(management, "/api/metrics/activation", channel="google_ads", limit=5)
    assert {row["acquisition_channel"] for row in by_channel} == {"google_ads"}
    assert len(by_channel) == 14
    third = all_pages(management, "/api/metrics/cohorts", months_since=3)
    assert {row["months_since"] for row in third} == {3}
    assert len(third) == 11


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/api/metrics/revenue?limt=5", "limt"),
        ("/api/metrics/ping?x=1", "x"),
        ("/api/metrics/dashboard?cursor=abc", "cursor"),
        ("/api/metrics/revenue?from=2026-13-01", "from"),
        ("/api/metrics/revenue?from=1767225600", "from"),
        ("/api/metrics/revenue?from=2026-02-01&to=2026-01-01", "to"),
        ("/api/metrics/revenue?limit=0", "limit"),
        ("/api/metrics/revenue?limit=1001", "limit"),
        ("/api/metrics/revenue?format=xml", "format"),
        ("/api/metrics/activation?channel=Google%20Ads", "channel"),
        ("/api/metrics/revenue?limit=1&format=csv&limit=1000", "limit"),
        ("/api/metrics/query?metric=mrr_daily.mrr_eur&grain=month", "grain"),
        ("/api/metrics/query?metric=activation_monthly.trial_count&grain=day", "grain"),
        ("/api/metrics/query?metric=fct_spend_daily.spend_eur&dimension=account_id", "dimension"),
    ],
)
def test_parameter__that_cannot_be_accepted_is_named(path: str, parameter: str, management: httpx.Client) -> None:
    answer = management.get(path)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    (mistake,) = answer.json()["errors"]
    assert mistake["parameter"] == parameter
    assert not mistake["detail"].startswith("Value error")


def test_entity__that_is_not_there_is_404(management: httpx.Client) -> None:
    for path in ("/api/metrics/agents/agent-99/time-to-value", "/api/metrics/conversations/x/quality"):
        answer = management.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


@pytest.mark.parametrize("character", ["%09", "%0A", "%0D", "%20", "%00", "%3F", "%23", "%253F"])
def test_entity__of_an_id_with_one_character_more_is_another(character: str, management: httpx.Client) -> None:
    # Asked for before, so that an answer is kept that must not be handed out for the other id.
    assert management.get("/api/metrics/conversations/conversation-5/quality").status_code == 200
    for other in (f"conversation-5{character}", f"{character}conversation-5"):
        assert management.get(f"/api/metrics/conversations/{other}/quality").status_code == 404


def test_parameters__however_many_are_wrong_get_a_short_answer(api: RunningApi) -> None:
    with api.client(role=None) as stranger:
        answer = stranger.get("/health", params={f"unknown{number}": "" for number in range(2000)})
    assert answer.status_code == 422
    assert [mistake["parameter"] for mistake in answer.json()["errors"]] == [f"unknown{n}" for n in range(20)]


@pytest.mark.parametrize(
    "path", ["/health", "/ready", "/openapi.json", "/api/metrics/dashboard", "/api/metrics/revenue?format=csv", "/x"]
)
def test_head__is_get_without_the_body(path: str, management: httpx.Client) -> None:
    answer, whole = management.head(path), management.get(path)
    assert (answer.status_code, answer.content) == (whole.status_code, b"")
    volatile = {"date"}
    assert {name: value for name, value in answer.headers.items() if name not in volatile} == {
        name: value for name, value in whole.headers.items() if name not in volatile
    }


def test_head__needs_credentials_as_get_does(api: RunningApi) -> None:
    with api.client(role=None) as nobody:
        assert nobody.head("/api/metrics/revenue").status_code == 401


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_method__that_would_write_is_405_and_says_what_is_answered(method: str, management: httpx.Client) -> None:
    answer = management.request(method, "/api/metrics/revenue")
    assert (answer.status_code, answer.headers["content-type"]) == (405, "application/problem+json")
    assert answer.headers["allow"] == "GET, HEAD"
    assert "read-only" in answer.json()["detail"]


def test_path__that_is_not_there_says_where_those_stand_that_are(management: httpx.Client) -> None:
    for path in ("/nothing", "/api/metrics/revenue/", "/api/metrics/agents/a%2Fb/time-to-value"):
        answer = management.get(path)
        assert answer.status_code == 404
        assert "/openapi.json" in answer.json()["detail"]


def test_time_to_value__says_what_is_not_known_yet(management: httpx.Client) -> None:
    data = management.get("/api/metrics/agents/agent-0/time-to-value").json()["data"]
    assert (data["first_conversation_at"], data["ttfv_hours"]) == (None, None)
    data = management.get("/api/metrics/agents/agent-1/time-to-value").json()["data"]
    assert (data["first_conversation_at"], data["ttfv_hours"]) == ("2026-10-03T09:30:00.123456Z", "49.50")


def test_etag__spares_what_the_client_has_only_with_credentials(api: RunningApi, management: httpx.Client) -> None:
    path = "/api/metrics/revenue"
    etag = management.get(path).headers["etag"]
    for known in (etag, etag.removeprefix("W/"), f'"other", {etag}', "*"):
        again = management.get(path, headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    assert management.get(path, headers={"If-None-Match": '"20200101T000000Z"'}).status_code == 200
    assert "private" in management.get(path).headers["cache-control"]
    assert {"Accept", "Authorization"} <= set(management.get(path).headers["vary"].replace(" ", "").split(","))
    with api.client(role=None) as nobody:
        assert nobody.get(path, headers={"If-None-Match": etag}).status_code == 401


def test_compression__says_the_same_in_fewer_bytes(management: httpx.Client) -> None:
    path = "/api/metrics/weekly-active?limit=200"
    plain = management.get(path, headers={"Accept-Encoding": "identity"})
    small = management.get(path, headers={"Accept-Encoding": "gzip"})
    refused = management.get(path, headers={"Accept-Encoding": "gzip;q=0"})
    assert (plain.headers.get("content-encoding"), small.headers.get("content-encoding")) == (None, "gzip")
    assert refused.headers.get("content-encoding") is None
    # A cache must not hand the compressed answer to who cannot read it.
    assert {answer.headers["vary"] for answer in (plain, small)} == {"Accept, Accept-Encoding, Authorization"}
    assert plain.content == small.content
    assert int(small.headers["content-length"]) < len(plain.content) / 3


def test_cursor__of_another_list_or_altered_is_refused(management: httpx.Client) -> None:
    cursor = management.get("/api/metrics/revenue?limit=1").json()["next_cursor"]
    assert management.get("/api/metrics/revenue", params={"limit": 3, "cursor": cursor}).status_code == 200
    for path, parameters in (
        ("/api/metrics/weekly-active", {"cursor": cursor}),
        ("/api/metrics/revenue", {"cursor": cursor, "from": "2026-01-01"}),
    ):
        refused = management.get(path, params=parameters)
        assert refused.status_code == 422
        assert [mistake["parameter"] for mistake in refused.json()["errors"]] == ["cursor"]
    for broken in ("abc", cursor[:-3], "!!!!", "W10", "é"):
        assert management.get("/api/metrics/revenue", params={"cursor": broken}).status_code == 410


def test_row_models__name_columns_that_the_marts_have(definitions: dict[str, Any]) -> None:
    for mart, model in ROW_MODELS.items():
        described = definitions["models"][mart]
        assert set(model.columns()) <= set(described["columns"])
        assert {name for name, field in model.model_fields.items() if field.is_required()} == set(described["key"])
        for name in model.columns():
            is_text = "string" in str(model.model_json_schema()["properties"][name])
            is_count = described["columns"][name]["data_type"] in {"bigint", "boolean"}
            assert is_text is not is_count, f"{mart}.{name}"


def test_health_and_ready__answer_everybody_and_tell_no_number(company: Version, api: RunningApi) -> None:
    with api.client(role=None) as nobody:
        assert nobody.get("/health").json() == {"status": "ok"}
        assert nobody.get("/ready").json() == {"status": "ok", "version": company.id}
        assert nobody.get("/openapi.json").status_code == 200
        assert nobody.get("/api/metrics/ping").status_code == 401
