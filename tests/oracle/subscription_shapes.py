"""Shapes around a sandbox subscription: its next date, what is billed ahead, spent coupons, and how events show it.

Belongs here: functions of one object. Does not: the state machine (sandbox).
"""

from __future__ import annotations

import copy
from datetime import datetime

from tests.oracle.catalogue import COUPON, Document
from tests.oracle.clock import add_months, instant

DAY = 86_400


def later(epoch: int, interval: str, number: int) -> int:
    """An epoch some intervals on; months keep the day, clipped to the month's length."""
    if interval in ("day", "week"):
        return epoch + number * DAY * (7 if interval == "week" else 1)
    moment = instant(epoch)
    day = add_months(moment.date(), number * (12 if interval == "year" else 1))
    return int(datetime.combine(day, moment.timetz()).timestamp())


def is_billed_ahead(item: Document) -> bool:
    """Metered usage is billed afterwards, and not here."""
    return bool(item["price"]["recurring"]["usage_type"] != "metered")


def spend_once(subscription: Document) -> None:
    for holder in (subscription, *subscription["items"]["data"]):
        holder["discounts"] = [d for d in holder["discounts"] if COUPON[d["source"]["coupon"]]["duration"] != "once"]


def snapshot_of(document: Document) -> Document:
    """As events show an object: discounts by id only, prices without tiers."""
    shown = copy.deepcopy(document)
    if shown["object"] == "subscription":
        for holder in (shown, *shown["items"]["data"]):
            holder["discounts"] = [discount["id"] for discount in holder["discounts"]]
        for item in shown["items"]["data"]:
            item["price"].pop("tiers", None)
    return shown
