"""Claims about what is screened of Stripe's objects: the client's own types say which fields are integers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from inspect import get_annotations, isclass
from typing import Any

import pytest
import stripe

from ingestion.sources.stripe.allow_list import ALLOWED
from ingestion.sources.stripe.screen import INTEGERS, entry_fault, payload_fault

CLASSES = (
    *(stripe.Customer, stripe.Product, stripe.Price, stripe.Coupon, stripe.Discount, stripe.Subscription),
    *(stripe.SubscriptionItem, stripe.Invoice, stripe.InvoiceLineItem, stripe.InvoicePayment, stripe.Charge),
    *(stripe.Refund, stripe.CreditNote, stripe.CreditNoteLineItem),
)


def _fields(allowed: Mapping[str, Any]) -> Iterator[str]:
    for name, inner in allowed.items():
        yield name
        if inner is not None:
            yield from _fields(inner)


def _annotations(of: type) -> Iterator[tuple[str, Any]]:
    yield from get_annotations(of).items()
    for inner in vars(of).values():
        if isclass(inner) and inner.__qualname__.startswith(f"{of.__qualname__}."):
            yield from _annotations(inner)


def test_integers__are_the_allowed_fields_that_the_client_types_as_such() -> None:
    allowed = {name for fields in ALLOWED.values() for name in _fields(fields)}
    typed = {name for of in CLASSES for name, type_ in _annotations(of) if type_ in (int, int | None)}
    assert allowed & typed == INTEGERS


@pytest.mark.parametrize("created", [None, 0, 1_700_000_000])
def test_entry__with_an_instant_up_to_the_latest_or_with_none_will_do(created: int | None) -> None:
    assert entry_fault({"id": "cus_1", "created": created}, 1_700_000_000) is None


def test_payload__names_its_first_fault_and_holds_none_of_its_values() -> None:
    fault = payload_fault(
        {"id": "in_1", "lines": {"data": [{"amount": 12}, {"amount": "12 for Jane Doe"}]}, "total": 1.5}
    )
    assert fault == "amount is no integer"
