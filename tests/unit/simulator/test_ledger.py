"""The ledger beside what the company left in its sources: told as it was decided, never read back, and yet the same."""

from collections import Counter, defaultdict
from datetime import timedelta
from decimal import Decimal

import pytest

from ingestion.simulator.clock import instant_of
from ingestion.simulator.emit_stripe import StripeState, stripe_state
from ingestion.simulator.ledger import Notice
from ingestion.simulator.world import World


@pytest.fixture(scope="module")
def state(world: World) -> StripeState:
    return stripe_state(world)


def test_items__add_up_to_the_contract_mrr_of_their_subscription(world: World) -> None:
    for change in world.ledger.changes:
        assert sum((item.mrr for item in change.items), Decimal(0)) == change.mrr_after
        assert all(item.mrr for item in change.items)
    assert {item.plan for change in world.ledger.changes for item in change.items} == {
        *("starter", "professional", "enterprise", "other")
    }


def test_accounts__are_all_of_the_apps_and_those_that_stripe_alone_knows(world: World) -> None:
    told = {account.account_id: account for account in world.ledger.accounts}
    assert len(told) == len(world.ledger.accounts)
    assert {account.id for account in world.accounts if account.in_app} < told.keys()
    strangers = [account for account in told.values() if account.country is None]
    assert {account.channel for account in strangers} == {"other"}
    assert any(account.account_id.startswith("stripe:cus_") for account in strangers)
    assert {change.account_id for change in world.ledger.changes} <= told.keys()


def test_channels__are_what_the_touches_were_meant_as(world: World) -> None:
    by_channel = defaultdict(set)
    for account in world.accounts:
        by_channel[account.channel].add(account.touch[0] or account.touch[3])
    assert by_channel["google_ads"] == {"google"}
    assert by_channel["content_marketing"] == {"newsletter", "blog"}
    assert {touch for touch in by_channel["wordpress_plugin"] if touch} == {
        *("wordpress", "https://wordpress.org/plugins/search/chat/")
    }
    assert len(by_channel["organic_search"]) == 3
    assert None in by_channel["other"]


def test_notices__say_at_any_time_how_subscriptions_stand_that_count(world: World) -> None:
    assert {given.notice for given in world.ledger.notices} == set(Notice)
    counted: Counter[str] = Counter()
    for days in range(0, 600, 40):
        instant = world.end - timedelta(days=days)
        newest: dict[tuple[str, bool], Notice] = {}
        for given in sorted(world.ledger.notices, key=lambda given: given.given_at):
            if given.given_at < instant:
                newest[given.subscription_id, given.notice in {Notice.LEAVING, Notice.STAYING}] = given.notice
        for subscription in stripe_state(world, instant).resources["subscriptions"]:
            if subscription["status"] in {"active", "past_due"}:
                leaving = newest.get((subscription["id"], True)) is Notice.LEAVING
                owing = newest.get((subscription["id"], False)) is Notice.PAST_DUE
                assert subscription["cancel_at_period_end"] == leaving
                assert (subscription["status"] == "past_due") == owing
                counted.update({"leaving": leaving, "owing": owing})
    assert counted["leaving"] > 10 and counted["owing"] > 3


def test_reductions__are_every_credit_note_and_refund_that_succeeded(world: World, state: StripeState) -> None:
    told = {entry.source_id: entry for entry in world.ledger.reductions}
    refunds = {refund["id"]: refund for refund in state.resources["refunds"] if refund["status"] == "succeeded"}
    assert told.keys() == refunds.keys() | {note["id"] for note in state.resources["credit_notes"]}
    credited = {part["refund"] for note in state.resources["credit_notes"] for part in note["refunds"]}
    for name, refund in refunds.items():
        back = Decimal(refund["amount"]) / 100 if refund["currency"] != "jpy" else Decimal(refund["amount"])
        assert told[name].given_back == (0 if name in credited else back)
        assert bool(told[name].lines) == (name not in credited and told[name].invoice_id is not None)
    assert credited


def test_spend__of_a_bill_adds_up_over_its_days_even_those_to_come(world: World) -> None:
    day_after = world.end.date() + timedelta(days=1)
    licence = [told for told in world.ledger.spend if told.vendor == "rank_tracker"]
    assert len({told.billed_on for told in licence}) == 2
    assert sum(told.amount for told in licence) == 2 * Decimal("588.01")
    assert max(told.spend_date for told in licence) > day_after
    assert all(told.billed_on < day_after for told in world.ledger.spend)
    assert all((told.clicks is not None) == (told.vendor == "google_ads") for told in world.ledger.spend)


def test_app_conversions__are_of_trials_that_paid(world: World) -> None:
    paid = {trial.account_id: trial.converted_at for trial in world.ledger.trials if trial.converted_at}
    tracked = {told.account_id: told.converted_at for told in world.ledger.app_conversions}
    assert len(tracked) > 80
    assert tracked.keys() <= paid.keys()
    assert all(abs(paid[name] - at) < timedelta(days=60) for name, at in tracked.items())


def test_agents__are_deleted_only_by_what_has_happened(world: World) -> None:
    deleted = [at for at in world.ledger.agents["deleted_at"].to_pylist() if at is not None]
    assert deleted and max(deleted) < world.end
    assert any(agent.deleted_at and instant_of(agent.deleted_at) >= world.end for agent in world.agents)
