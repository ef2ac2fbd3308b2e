"""The company as a whole: reproducible, plausible, and holding every case that must occur."""

from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow.compute as pc
import pytest

from ingestion.simulator.emit_app import app_tables
from ingestion.simulator.emit_stripe import stripe_state
from ingestion.simulator.ledger import Cause
from ingestion.simulator.world import World, build_world

EARLY, LATE = datetime(2026, 11, 10, 12, tzinfo=UTC), datetime(2026, 11, 22, 3, tzinfo=UTC)


def test_same_day_and_seed__give_the_same_sources() -> None:
    first, second = build_world(EARLY, months=3), build_world(EARLY.replace(hour=4), months=3)
    assert stripe_state(first) == stripe_state(second)
    assert app_tables(first) == app_tables(second)
    assert first.ledger.changes == second.ledger.changes


def test_another_seed__gives_another_company() -> None:
    assert stripe_state(build_world(EARLY, months=3)) != stripe_state(build_world(EARLY, seed=8, months=3))


def test_longer_history__begins_with_the_shorter_one() -> None:
    short, long = build_world(EARLY, months=5), build_world(LATE, months=5)
    assert stripe_state(long, short.end) == stripe_state(short)
    assert app_tables(long, short.end) == app_tables(short)
    assert [rate for rate in long.rates if rate.day < date(2026, 11, 10)] == short.rates


def test_naive_or_short__is_refused() -> None:
    with pytest.raises(ValueError, match="ask for 2 or more"):
        build_world(EARLY, months=1)
    with pytest.raises(ValueError, match="carries no offset"):
        build_world(datetime(2026, 11, 1))  # noqa: DTZ001


def test_size__is_the_one_promised(world: World) -> None:
    assert world.events.num_rows > 300_000
    paying = {a for a, c in world.ledger.accounts_with_mrr() if world.ledger.mrr_at(a, c, world.end)}
    assert 110 <= len(paying) <= 150
    euros = sum(world.ledger.mrr_at(a, c, world.end) for a, c in world.ledger.accounts_with_mrr() if c == "EUR")
    assert Decimal(20_000) < euros < Decimal(30_000)


def test_every_cause_and_status__occurs(world: World) -> None:
    assert {change.cause for change in world.ledger.changes} == set(Cause)
    seen = {
        (resource, version.payload.get("status")) for version in world.books.versions for resource in [version.resource]
    }
    for status in (
        "active",
        "trialing",
        "past_due",
        "unpaid",
        "canceled",
        "incomplete",
        "incomplete_expired",
        "paused",
    ):
        assert ("subscriptions", status) in seen
    for status in ("draft", "open", "paid", "void", "uncollectible"):
        assert ("invoices", status) in seen
    assert {change.currency for change in world.ledger.changes} == {"EUR", "USD", "GBP", "JPY"}
    assert {change.is_involuntary for change in world.ledger.changes} == {True, False}


def test_conversations__are_of_the_quality_the_guide_names(world: World) -> None:
    real = world.ledger.conversations.filter(pc.invert(world.ledger.conversations["is_test"]))
    accurate, rated = (pc.sum(real[f"{kind}_response_count"]).as_py() for kind in ("accurate", "rated"))
    assert 0.92 < accurate / rated < 0.96
    assert 5 < pc.mean(real["message_count"]).as_py() < 9


def test_log__holds_duplicates_late_and_odd_rows(world: World) -> None:
    ids = Counter(world.events["id"].to_pylist())
    assert sum(count - 1 for count in ids.values()) == world.ledger.duplicates > 1000
    delay = pc.days_between(world.events["occurred_at"], world.events["received_at"])
    assert pc.sum(pc.greater_equal(delay, 3)).as_py() > 500
    assert world.ledger.quarantined["properties is no JSON object"] > 5
    assert world.ledger.set_aside["conversation never started"] > 0


def test_trials__convert_about_one_in_five(world: World) -> None:
    converted = sum(trial.converted_at is not None for trial in world.ledger.trials)
    assert 0.14 < converted / len(world.ledger.trials) < 0.25
