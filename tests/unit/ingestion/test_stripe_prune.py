"""Claims about Stripe's objects at the border: what is not named does not land, and the past is laid over exactly."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ingestion.sources.stripe.allow_list import ALLOWED
from ingestion.sources.stripe.prune import canonical, previous_state, prune

PERSONAL = "Jane Doe jane@example.com +49 30 1234567"


def _plant(value: Any) -> Any:
    """The same document with personal data planted beside every field and in every text."""
    if isinstance(value, dict):
        planted = {name: _plant(field) for name, field in value.items()}
        return planted | {"email": PERSONAL, "name": PERSONAL, "description": PERSONAL, "address": {"line1": PERSONAL}}
    if isinstance(value, list):
        return [_plant(entry) for entry in value]
    return value


def _full(fields: Any) -> Any:
    """A document that fills every allowed field."""
    if fields is None:
        return 7
    return {name: _full(inner) for name, inner in fields.items()}


@pytest.mark.parametrize("object_name", sorted(ALLOWED))
def test_prune__planted_personal_data_never_lands(object_name: str) -> None:
    document = _full(ALLOWED[object_name])
    pruned = prune(object_name, _plant(document))
    assert pruned == document
    assert PERSONAL not in canonical(pruned)


@pytest.mark.parametrize("object_name", sorted(ALLOWED))
def test_prune__an_object_where_a_reference_is_allowed_lands_as_its_id(object_name: str) -> None:
    references = [name for name, inner in ALLOWED[object_name].items() if inner is None]
    document = {name: {"id": f"{name}_1", "email": PERSONAL} for name in references}
    assert prune(object_name, document) == {name: f"{name}_1" for name in references}


def test_prune__free_text_in_the_place_of_an_object_does_not_land() -> None:
    assert prune("customer", {"id": "cus_1", "discount": PERSONAL}) == {"id": "cus_1", "discount": None}
    assert prune("customer", {"id": "cus_1", "discount": "di_1"})["discount"] == "di_1"


def test_prune__metadata_lands_by_its_listed_keys_only() -> None:
    pruned = prune("customer", {"id": "cus_1", "metadata": {"account_id": "a1", "phone": PERSONAL}})
    assert pruned["metadata"] == {"account_id": "a1"}


def test_prune__default_tax_rates_land_as_ids() -> None:
    pruned = prune("subscription", {"default_tax_rates": [{"id": "txr_1", "display_name": PERSONAL}]})
    assert pruned == {"default_tax_rates": ["txr_1"]}


def test_prune__an_object_without_an_allow_list_is_refused() -> None:
    with pytest.raises(KeyError):
        prune("payment_method", {"id": "pm_1"})


def test_previous_state__merges_mappings_and_lists_by_id() -> None:
    after = {
        "status": "active",
        "cancel_at": 5,
        "pause_collection": {"behavior": "void", "resumes_at": 9},
        "items": {
            "data": [
                {"id": "si_1", "quantity": 3, "price": {"id": "price_b", "unit_amount": 200}},
                {"id": "si_new", "quantity": 1},
            ]
        },
        "discounts": ["di_2"],
    }
    attributes = {
        "cancel_at": None,
        "pause_collection": None,
        "items": {
            "data": [{"id": "si_1", "quantity": 2, "price": {"id": "price_a"}}, {"id": "si_gone", "quantity": 9}]
        },
        "discounts": ["di_1"],
    }
    before = previous_state(after, attributes)
    assert before == {
        "status": "active",
        "cancel_at": None,
        "pause_collection": None,
        "items": {
            "data": [
                {"id": "si_1", "quantity": 2, "price": {"id": "price_a", "unit_amount": 200}},
                {"id": "si_gone", "quantity": 9},
            ]
        },
        "discounts": ["di_1"],
    }
    assert after["items"]["data"][0]["quantity"] == 3


def test_canonical__is_the_same_text_whatever_the_order_of_keys() -> None:
    assert canonical({"b": 1, "a": [{"d": 12.5, "c": "ü"}]}) == canonical(
        json.loads('{"a": [{"c": "ü", "d": 12.5}], "b": 1}')
    )


@pytest.mark.parametrize("typed", ["jane@example.com", "jane%40example.com", "amFuZUBleGFtcGxlLmNvbQ=="])
def test_prune__an_account_id_that_is_an_email_address_does_not_land(typed: str) -> None:
    assert prune("customer", {"id": "cus_1", "metadata": {"account_id": typed}})["metadata"] == {"account_id": None}


@pytest.mark.parametrize("typed", ["+49 30 1234567", "203.0.113.9", "DE89 3704 0044 0532 0130 00", ""])
def test_prune__a_plan_that_is_no_word_does_not_land(typed: str) -> None:
    assert prune("product", {"id": "prod_1", "metadata": {"plan": typed}})["metadata"] == {"plan": None}


def test_prune__a_plan_and_a_type_of_revenue_land() -> None:
    metadata = {"plan": "professional", "revenue_type": "services"}
    assert prune("product", {"id": "prod_1", "metadata": metadata})["metadata"] == metadata
