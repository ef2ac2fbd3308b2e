"""Claims about an app whose tables change between two nights: nothing lands by itself, nothing is read by guess."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from ingestion.lake import Lake
from ingestion.landing import commit, read_manifests
from ingestion.retry import PermanentSourceError
from ingestion.sources.app.extract import AppSource
from tests.integration.ingestion.app_database import execute, insert_events
from tests.unit.ingestion.lake_cases import landed_rows, make_run, quarantined_rows

KEY = "k1:a secret of some length"


def _land(lake: Lake, dsn: str, run_id: str = "run-1") -> tuple[str, ...]:
    (staged,) = AppSource(dsn, KEY).stage(lake, make_run(run_id))
    commit(lake, staged)
    return staged.warnings


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("alter table events drop column visitor_id", "column events.visitor_id is missing"),
        ("alter table accounts rename to customers", "table accounts is missing"),
        (
            "alter table events alter column received_at type text",
            "column events.received_at is text, not timestamp with time zone",
        ),
        (
            "alter table events alter column occurred_at type timestamp",
            "column events.occurred_at is timestamp without time zone, not timestamp with time zone",
        ),
        ("alter table events alter column properties type json", "column events.properties is json, not jsonb"),
        ("alter table events alter column properties type text", "column events.properties is text, not jsonb"),
        ("alter table agents alter column account_id type bytea using null", "column agents.account_id is bytea, not"),
    ],
)
def test_changed_schema__fails_by_name_before_anything_is_replaced(
    lake: Lake, app_in_postgres: str, app_for_reader: str, change: str, told: str
) -> None:
    _land(lake, app_for_reader)
    before = read_manifests(lake)
    execute(app_in_postgres, [change])
    with pytest.raises(PermanentSourceError, match=told) as failure:
        _land(lake, app_for_reader, "run-2")
    assert "\n" not in str(failure.value)
    assert read_manifests(lake) == before


def test_changed_schema__every_fault_is_told_at_once(lake: Lake, app_in_postgres: str) -> None:
    execute(app_in_postgres, ["alter table events drop column agent_id", "alter table accounts drop column country"])
    with pytest.raises(PermanentSourceError, match=r"accounts\.country is missing; column events\.agent_id is missing"):
        _land(lake, app_in_postgres)


def test_ids_of_another_type__land_as_the_same_text(lake: Lake, app_in_postgres: str) -> None:
    execute(
        app_in_postgres,
        [
            "create domain account_number as bigint",
            "create type kind as enum ('page_viewed', 'feature_used', 'trial_started')",
            "delete from events where event_type is null or id is null or id !~ '^e[0-9]+$' or agent_id is not null",
            "alter table events alter column event_type type text using coalesce(event_type, 'page_viewed')",
            "delete from events where event_type = 'trial_converted'",
            "alter table events alter column event_type type kind using cast(event_type as kind)",
            "alter table events alter column account_id type account_number using 41 + length(account_id)",
            "alter table events alter column id type uuid using cast(md5(id) as uuid)",
        ],
    )
    _land(lake, app_in_postgres)
    rows = landed_rows(lake, "app", "events")
    assert {row["account_id"] for row in rows} == {"43"}
    assert {row["event_type"] for row in rows} == {"page_viewed", "feature_used", "trial_started"}
    assert {len(row["id"]) for row in rows} == {36}
    assert {row["trial_days"] for row in rows if row["event_type"] == "trial_started"} == {14, None}


@pytest.mark.parametrize("table", ["accounts", "agents", "events"])
def test_new_column__lands_nothing_and_is_named_once(
    lake: Lake, app_in_postgres: str, app_for_reader: str, table: str
) -> None:
    assert _land(lake, app_for_reader) == ()
    columns = _columns(lake)
    execute(app_in_postgres, [f"alter table {table} add column mobile text default '+49 30 1234567'"])
    (warning,) = _land(lake, app_for_reader, "run-2")
    assert f"{table}.mobile" in warning
    assert _columns(lake) == columns


def test_new_event_type__lands_without_properties_and_is_counted_once(lake: Lake, app_in_postgres: str) -> None:
    at = "2026-11-20 12:00:00+00"
    new = [(f"n{n}", "invoice_paid", None, None, None, '{"plan": "starter"}', at, at) for n in range(3)]
    personal = ("n9", "jane@example.com", None, None, None, "{}", at, at)
    execute(app_in_postgres, [insert_events([*new, personal])])
    (warning,) = _land(lake, app_in_postgres)
    assert "invoice_paid (3)" in warning
    assert "jane" not in warning
    assert [row["plan"] for row in landed_rows(lake, "app", "events") if row["event_type"] == "invoice_paid"] == [
        None,
        None,
        None,
    ]


def _columns(lake: Lake) -> Mapping[str, set[str]]:
    return {table: set(landed_rows(lake, "app", table)[0]) for table in ("accounts", "agents", "events")}


def test_value_that_cannot_be_read__is_not_repeated(lake: Lake, app_in_postgres: str) -> None:
    columns = "id, created_at, country, utm_source, utm_medium, utm_campaign, referrer, deleted_at"
    execute(
        app_in_postgres,
        [
            "alter table accounts rename to companies",
            f"create view accounts as select {columns}, cast(email as integer)::text as stripe_customer_id "
            "from companies",
        ],
    )
    with pytest.raises(PermanentSourceError, match="a value in the app's tables cannot be read") as failure:
        _land(lake, app_in_postgres)
    assert "jane" not in str(failure.value)
    assert "the server's own log says which" in str(failure.value)


def test_key_that_is_an_email_address__sets_its_row_aside_without_showing_it(lake: Lake, app_in_postgres: str) -> None:
    event = ("jane@example.com", "feature_used", None, None, None, "{}", "2026-11-20 10:00+00", "2026-11-20 10:00+00")
    execute(app_in_postgres, [insert_events([event])])
    _land(lake, app_in_postgres)
    aside = [row for row in quarantined_rows(lake, "app", "events") if "e-mail" in row["reason"]]
    assert [(row["key"], row["reason"]) for row in aside] == [(None, "id reads like an e-mail address")]
