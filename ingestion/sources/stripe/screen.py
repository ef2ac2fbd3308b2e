"""What an object must be to land: a fault of one is told in words that hold none of its values.

Belongs here: the checks of single objects, and which fields Stripe promises as integers. Does not: setting aside
(partition), what may land at all (allow_list).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from ingestion.privacy import showable_key
from ingestion.sources.stripe.prune import is_address

# Clocks differ, and a run may lie a little before what it reads.
MAX_AHEAD_SECONDS = 86_400

_INT64 = 1 << 63

# Fields of the allow-list that are integers wherever they stand: minor units, counts, Unix seconds.
INTEGERS = frozenset(
    {
        *("amount", "amount_captured", "amount_due", "amount_off", "amount_paid", "amount_refunded"),
        *("amount_remaining", "amount_requested", "billing_cycle_anchor", "cancel_at", "canceled_at", "created"),
        *("current_period_end", "current_period_start", "discount_amount", "divide_by", "duration_in_months"),
        *("effective_at", "end", "ended_at", "ending_balance", "finalized_at", "flat_amount", "interval_count"),
        *("marked_uncollectible_at", "out_of_band_amount", "paid_at", "period_end", "period_start"),
        *("post_payment_amount", "pre_payment_amount", "quantity", "resumes_at", "start", "start_date"),
        *("starting_balance", "subtotal", "subtotal_excluding_tax", "taxable_amount", "total"),
        *("total_excluding_tax", "trial_end", "trial_start", "unit_amount", "up_to", "voided_at"),
    }
)


def entry_fault(entry: Any, latest: int) -> str | None:
    """What is wrong with an object before anything is read out of it, None when it will do.

    `latest`: the Unix second after which nothing can have been created.
    """
    if not isinstance(entry, Mapping):
        return "entry is no object"
    object_id, created, livemode = entry.get("id"), entry.get("created"), entry.get("livemode")
    if fault := _id_fault(object_id):
        return f"id {fault}"
    if created is not None and not _is_integer(created):
        return "created is no instant"
    if created is not None and not 0 <= created <= latest:
        return "created lies in the future" if created > 0 else "created is no instant"
    return None if livemode is None or isinstance(livemode, bool) else "livemode is not true or false"


def usable_id(entry: Any) -> str | None:
    """The id of an object that may not have a good one: to find it again by, so only where it can be written down."""
    object_id = entry.get("id") if isinstance(entry, Mapping) else None
    return showable_key(object_id) if isinstance(object_id, str) and not _text_fault(object_id) else None


def event_fault(event: Any, latest: int) -> str | None:
    """The same for an event, which needs its instant, its type and its object as well."""
    fault = entry_fault(event, latest)
    if fault is not None:
        return fault
    data = event.get("data")
    if event.get("created") is None:
        return "created is missing"
    if not isinstance(event.get("type"), str) or _text_fault(event["type"]):
        return "type is missing"
    if not isinstance(data, Mapping) or not isinstance(data.get("object"), Mapping):
        return "data.object is missing"
    return None


def payload_fault(payload: Mapping[str, Any]) -> str | None:
    """What is wrong with the fields that would land: the first fault, in the order of the fields."""
    return next(_payload_faults(payload), None)


def _payload_faults(payload: Mapping[str, Any]) -> Iterator[str]:
    for name, value in payload.items():
        if name in INTEGERS and value is not None and not _is_integer(value):
            yield f"{name} is no integer"
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, Mapping):
                yield from _payload_faults(part)
            elif isinstance(part, str) and _text_fault(part):
                yield f"{name} {_text_fault(part)}"
            elif isinstance(part, float) and not math.isfinite(part):
                yield f"{name} is no number"


def _id_fault(object_id: Any) -> str | None:
    if not isinstance(object_id, str) or not object_id:
        return "is missing"
    return _text_fault(object_id) or ("reads like an e-mail address" if is_address(object_id) else None)


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -_INT64 <= value < _INT64


def _text_fault(text: str) -> str | None:
    """JSON can spell what no database and no UTF-8 file can hold."""
    if "\x00" in text:
        return "holds a NUL character"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "is no valid Unicode"
    return None
