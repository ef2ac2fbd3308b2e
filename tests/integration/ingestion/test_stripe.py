"""Claims about Stripe, over HTTP against the sandbox server: what lands, whole and without personal data."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta

from ingestion.lake import Lake
from ingestion.landing import read_manifests
from ingestion.sources.stripe.contract import TABLES
from tests.integration.ingestion.stripe_account import (
    CUSTOMERS,
    ITEMS,
    NOW,
    PERSONAL,
    account,
    event_of,
    land,
    payloads,
)
from tests.unit.ingestion.lake_cases import INSTANT, landed_rows, make_run


def test_lists__land_whole_with_a_partition_for_every_table(lake: Lake) -> None:
    land(lake, account())
    assert {row["id"] for row in landed_rows(lake, "stripe", "customers")} == {f"cus_{n:03}" for n in range(CUSTOMERS)}
    assert {manifest.table for manifest in read_manifests(lake, "stripe")} == set(TABLES)
    assert {manifest.partition_value for manifest in read_manifests(lake, "stripe")} == {"2026-11-22"}
    row = landed_rows(lake, "stripe", "customers")[0]
    assert (row["created_at"].timestamp(), row["livemode"], row["read_at"]) == (NOW, True, INSTANT)


def test_embedded_lists__are_read_to_their_end_with_their_discounts(lake: Lake) -> None:
    land(lake, account())
    items = payloads(lake, "subscriptions")[0]["items"]["data"]
    assert [item["id"] for item in items] == [f"si_{n:02}" for n in range(ITEMS)]
    assert items[-1]["discounts"][0]["source"] == {"coupon": "c1", "type": "coupon"}
    assert len(payloads(lake, "invoices")[0]["lines"]["data"]) == ITEMS


def test_events__of_thirty_days_land_with_their_object_before_and_after(lake: Lake) -> None:
    land(lake, account())
    rows = landed_rows(lake, "stripe", "events")
    assert [row["id"] for row in rows] == ["evt_1"]
    assert (rows[0]["type"], rows[0]["object_id"]) == ("subscription.updated", "sub_1")
    assert json.loads(rows[0]["payload"])["status"] == "active"
    before = json.loads(rows[0]["previous_payload"])
    assert (before["status"], before["items"]["data"][0]["id"]) == ("trialing", "si_00")


def test_lake__holds_no_personal_data_of_stripe(lake: Lake) -> None:
    land(lake, account())
    everything = repr([landed_rows(lake, "stripe", table) for table in TABLES])
    assert [value for value in PERSONAL if value in everything] == []


def test_second_run_of_a_day__keeps_every_version_and_repeats_none(lake: Lake) -> None:
    land(lake, account())
    land(lake, account(), run=make_run("run-2", INSTANT + timedelta(hours=1)))
    assert len(landed_rows(lake, "stripe", "subscriptions")) == 1
    land(lake, account(status="past_due"), run=make_run("run-3", INSTANT + timedelta(hours=2)))
    rows = landed_rows(lake, "stripe", "subscriptions")
    assert [(json.loads(row["payload"])["status"], row["read_at"]) for row in rows] == [
        ("active", INSTANT),
        ("past_due", INSTANT + timedelta(hours=2)),
    ]
    assert len(landed_rows(lake, "stripe", "customers")) == CUSTOMERS


def test_object_that_changes_back_within_a_day__is_a_version_again(lake: Lake) -> None:
    for hours, status in enumerate(["active", "past_due", "active"]):
        run = make_run(f"run-{hours}", INSTANT + timedelta(hours=hours))
        land(lake, account(status=status), run=run)
    statuses = [json.loads(row["payload"])["status"] for row in landed_rows(lake, "stripe", "subscriptions")]
    assert statuses == ["active", "past_due", "active"]


def test_event_snapshot_that_is_cut_off__is_completed_with_the_items_of_today(lake: Lake) -> None:
    subscription = account().resources["subscriptions"][0]
    items = subscription["items"]["data"]
    event = event_of("evt_3", NOW - 3, subscription, "trialing")
    event["data"]["previous_attributes"]["items"] = {
        "data": [{**items[0], "quantity": 99}, *items[1:10]],
        "has_more": True,
    }
    land(lake, account(events=[event]))
    row = landed_rows(lake, "stripe", "events")[0]
    after, before = (json.loads(row[name])["items"]["data"] for name in ("payload", "previous_payload"))
    assert [item["id"] for item in after] == [item["id"] for item in before] == [f"si_{n:02}" for n in range(ITEMS)]
    assert (after[0]["quantity"], before[0]["quantity"]) == (0, 99)


def test_event_of_another_api_version__lands_as_a_signal_without_its_snapshots(lake: Lake) -> None:
    foreign = event_of("evt_3", NOW - 3, account().resources["subscriptions"][0], "trialing") | {
        "api_version": "2020-08-27"
    }
    land(lake, account(events=[foreign]))
    row = landed_rows(lake, "stripe", "events")[0]
    assert (row["object_id"], row["api_version"]) == ("sub_1", "2020-08-27")
    assert (row["payload"], row["previous_payload"]) == (None, None)


def test_next_day__is_a_partition_of_its_own(lake: Lake) -> None:
    land(lake, account())
    land(lake, account(), run=make_run("run-2", INSTANT + timedelta(days=1)))
    assert Counter(manifest.partition_value for manifest in read_manifests(lake, "stripe")) == {
        "2026-11-22": len(TABLES),
        "2026-11-23": len(TABLES),
    }


def test_manifest__names_the_api_version_asked_for_and_the_newest_event_seen(lake: Lake) -> None:
    asked: list[tuple[tuple[str, str], ...]] = []
    land(lake, account(), lambda request: asked.append(request.parameters))
    manifests = read_manifests(lake, "stripe")
    assert {manifest.origin.partition(",")[0] for manifest in manifests} == {"Stripe API 2026-10-28.endive"}
    assert {manifest.read_to for manifest in manifests} == {INSTANT - timedelta(seconds=4)}
    assert all(("limit", "100") in parameters for parameters in asked)
