"""Recognising the erased: rows of the app, objects of Stripe, and the ids inside of those."""

from __future__ import annotations

import pyarrow as pa

from ingestion.erasure.keyring import KeyRing
from ingestion.erasure.replacement import Plan
from ingestion.erasure.stripe_ids import OWNED, SHARED, accounts_named, owned_ids, replaced, row_ids
from ingestion.erasure.subjects import ErasedSubjects
from ingestion.sources.stripe.allow_list import ALLOWED, Fields

KEYS = KeyRing.parse("k1:a secret of these tests")

# Texts of Stripe's that are no id: words of an enumeration, currencies, numbers and what the app wrote.
PLAIN = {
    *("currency", "duration", "type", "billing_scheme", "tiers_mode", "tax_behavior", "unit_amount_decimal", "status"),
    *("flat_amount_decimal", "round", "interval", "usage_type", "collection_method", "reason", "behavior"),
    # The entries of a list, which are whole objects.
    *("billing_reason", "account_id", "plan", "revenue_type", "data"),
}
NUMBERS_AND_FLAGS = {
    *("created", "livemode", "percent_off", "amount_off", "duration_in_months", "deleted", "start", "end", "active"),
    *("unit_amount", "up_to", "flat_amount", "divide_by", "interval_count", "quantity", "current_period_start"),
    *("current_period_end", "amount", "taxable_amount", "proration", "subtotal", "discountable", "start_date"),
    *("ended_at", "cancel_at", "cancel_at_period_end", "canceled_at", "trial_start", "trial_end", "resumes_at"),
    *("billing_cycle_anchor", "subtotal_excluding_tax", "total", "total_excluding_tax", "amount_due", "amount_paid"),
    *("amount_remaining", "starting_balance", "ending_balance", "period_start", "period_end", "finalized_at"),
    *("marked_uncollectible_at", "paid_at", "voided_at", "amount_requested", "is_default", "amount_refunded"),
    *("amount_captured", "paid", "captured", "discount_amount", "effective_at", "pre_payment_amount"),
    *("post_payment_amount", "out_of_band_amount"),
}


def erased(**ids: str) -> ErasedSubjects:
    return ErasedSubjects(KEYS, {kind: frozenset(KEYS.tokens(kind, one)) for kind, one in ids.items()})  # type: ignore[misc,arg-type]


def events(*rows: tuple[str, str | None, str | None, str | None]) -> pa.RecordBatch:
    columns = ("id", "visitor_id", "conversation_id", "account_id")
    return pa.RecordBatch.from_pylist([dict(zip(columns, row, strict=True)) for row in rows])


def test_border__one_event_of_a_visitor_takes_its_whole_conversation() -> None:
    batch = events(
        ("agent before", None, "c1", "a"),
        ("visitor", "v1", "c1", "a"),
        ("other", "v2", "c2", "a"),
        ("account's", None, None, "a"),
    )
    subjects = erased(visitor="v1")
    assert subjects.without("events", batch)["id"].to_pylist() == ["other", "account's"]
    assert subjects.found == {"conversation": set(KEYS.tokens("conversation", "c1"))}


def test_border__a_conversation_of_the_ledger_stays_out_whoever_speaks_in_it() -> None:
    batch = events(("agent", None, "c1", "a"), ("other", "v2", "c2", "a"))
    assert erased(conversation="c1").without("events", batch)["id"].to_pylist() == ["other"]


def test_border__an_accounts_events_and_its_own_row_stay_out_and_nobody_elses() -> None:
    subjects = erased(account="a1")
    batch = events(("1", "v1", "c1", "a1"), ("2", None, None, "a1"), ("3", "v1", "c2", "a2"))
    assert subjects.without("events", batch)["id"].to_pylist() == ["3"]
    accounts = pa.RecordBatch.from_pylist([{"id": "a1"}, {"id": "a2"}])
    assert subjects.without("accounts", accounts)["id"].to_pylist() == ["a2"]
    agents = pa.RecordBatch.from_pylist([{"id": "g1", "account_id": "a1"}, {"id": "a1", "account_id": "a2"}])
    assert subjects.without("agents", agents)["id"].to_pylist() == ["a1"]
    assert subjects.found["agent"] == set(KEYS.tokens("agent", "g1"))


def test_border__another_account_that_names_an_erased_ones_customer_lands_without_it() -> None:
    subjects = erased(account="a1", stripe="cus_1")
    rows = [
        {"id": one, "stripe_customer_id": customer} for one, customer in (("a1", "cus_1"), ("a2", "cus_1"), ("a3", "c"))
    ]
    landed = subjects.without("accounts", pa.RecordBatch.from_pylist(rows))
    assert landed.to_pylist() == [{"id": "a2", "stripe_customer_id": None}, {"id": "a3", "stripe_customer_id": "c"}]


def test_border__an_empty_ledger_hands_the_batch_on_as_it_is() -> None:
    batch = events(("1", "v1", "c1", "a1"))
    assert ErasedSubjects(KEYS, {}).without("events", batch) is batch


def test_border__a_stripe_object_that_names_an_erased_one_is_erased_with_all_its_ids() -> None:
    subjects = erased(stripe="cus_1")
    assert not subjects.owns(["in_2", "cus_2"])
    assert subjects.owns(["in_1", "cus_1", "sub_1"])
    # A payment names only the invoice.
    assert subjects.owns(["inpay_1", "in_1"])


def test_border__an_object_that_is_theirs_by_what_else_it_says_is_erased_with_its_ids() -> None:
    subjects = erased(account="a1")
    assert not subjects.owns(["cus_9"])
    assert subjects.owns(["cus_9"], is_theirs=True)
    assert subjects.holds("stripe", "cus_9")


def test_stripe_ids__a_customer_names_accounts_now_and_as_it_was() -> None:
    now, before = '{"metadata":{"account_id":"a1"}}', '{"metadata":{"account_id":"a2"}}'
    assert accounts_named({"payload": now, "previous_payload": before}) == {"a1", "a2"}
    assert accounts_named({"payload": '{"id":"in_1"}', "previous_payload": None}) == set()


def test_words__an_erased_id_is_known_among_others_and_by_its_token() -> None:
    subjects = erased(visitor="visitor-1", conversation="conversation-1")
    assert not subjects.names_one(["visitor-2", "visitor"])
    assert subjects.names_one(["visitor-2", "conversation-1"])
    assert subjects.names_one(KEYS.tokens("visitor", "visitor-1"))


def test_stripe_ids__every_field_that_may_land_is_an_id_of_somebody_shared_or_no_id() -> None:
    unknown = {name for fields in ALLOWED.values() for name in _texts(fields)}
    assert unknown - OWNED - SHARED - PLAIN - NUMBERS_AND_FLAGS == set()


def test_stripe_ids__the_catalogue_keeps_its_ids_and_all_else_is_replaced() -> None:
    invoice = {
        "id": "in_1",
        "customer": "cus_1",
        "currency": "in_1",
        "discounts": ["di_1", {"id": "di_2", "source": {"type": "coupon", "coupon": {"id": "in_1"}}}],
        "lines": {"data": [{"id": "il_1", "pricing": {"price_details": {"price": "price_1", "product": "prod_1"}}}]},
    }
    ids = list(owned_ids(invoice))
    assert sorted(ids) == ["cus_1", "di_1", "di_2", "il_1", "in_1"]
    after = replaced(invoice, {one: f"new_{one}" for one in ids})
    assert sorted(owned_ids(after)) == [f"new_{one}" for one in sorted(ids)]
    assert after["currency"] == "in_1"
    assert after["discounts"][1]["source"] == invoice["discounts"][1]["source"]  # type: ignore[index]
    assert after["lines"]["data"][0]["pricing"] == invoice["lines"]["data"][0]["pricing"]  # type: ignore[index]


def test_stripe_ids__of_a_catalogue_row_and_an_event_about_one_nothing_is_anybodys() -> None:
    assert row_ids("prices", {"id": "price_1", "payload": '{"id":"price_1"}'}) == []
    assert row_ids("events", {"id": "evt_1", "type": "coupon.created", "object_id": "SAVE", "payload": None}) == []


def test_new_ids__keep_kind_and_order_and_one_account_for_all_its_customers() -> None:
    plan = Plan()
    plan.add({"cus_b": "a1", "cus_a": "a1", "cus_c": "a2"}, ["si_2", "si_10", "cus_a"])
    assert plan.ids["si_10"] < plan.ids["si_2"]
    assert {old.split("_")[0] == new.split("_")[0] for old, new in plan.ids.items()} == {True}
    assert plan.accounts["cus_a"] == plan.accounts["cus_b"] != plan.accounts["cus_c"]
    assert not any(old in new for old, new in plan.ids.items())


def test_new_ids__a_plan_that_is_taken_up_again_keeps_those_it_has() -> None:
    plan = Plan()
    plan.add({"cus_a": "a1"}, ["in_1"])
    before = (dict(plan.ids), dict(plan.accounts))
    plan.add({"cus_a": "a1"}, ["in_1"])
    assert (plan.ids, plan.accounts) == before


def _texts(fields: Fields) -> set[str]:
    found: set[str] = set()
    for name, allowed in fields.items():
        if name in SHARED:
            continue
        found |= {name} if allowed is None else _texts(allowed)
        if allowed is not None and "id" in allowed:
            # Where an object may stand, its bare id may.
            found.add(name)
    return found
