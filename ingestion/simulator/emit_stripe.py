"""Stripe's memory as it stood at an instant, as one value that a server can answer from and a file can keep.

Chooses versions and events by time; the objects themselves were rendered when the engine decided them.
"""

import gzip
import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ingestion.simulator import stripe_objects
from ingestion.simulator.books import Json
from ingestion.simulator.catalogue import COUPONS, PRICES
from ingestion.simulator.clock import DAY, unix
from ingestion.simulator.ledger import STRIPE_EVENT_DAYS
from ingestion.simulator.world import World


@dataclass(frozen=True)
class StripeState:
    """What Stripe answers with: objects per resource (newest first), events, and what only `expand[]` shows.

    `discounts` by id, `tiers` by price id, `applies_to` by coupon id. An object with a true `deleted` is in no list.
    """

    api_version: str
    resources: dict[str, list[Json]]
    discounts: dict[str, Json]
    tiers: dict[str, list[Json]]
    applies_to: dict[str, Json]

    def save(self, path: Path) -> None:
        """Write the state as compressed JSON; the same state gives the same bytes."""
        text = json.dumps(self.__dict__, separators=(",", ":"), sort_keys=True)
        path.write_bytes(gzip.compress(text.encode(), compresslevel=5, mtime=0))

    @classmethod
    def load(cls, path: Path) -> "StripeState":
        """Read what `save` wrote."""
        return cls(**json.loads(gzip.decompress(path.read_bytes())))


def stripe_state(world: World, as_of: datetime | None = None) -> StripeState:
    """Stripe at `as_of` (the world's end by default): objects as they stood, events of the 30 days before."""
    import stripe

    version = str(stripe.api_version)
    bound = unix(world.end) if as_of is None else min(unix(as_of), unix(world.end))
    resources: dict[str, list[Json]] = defaultdict(list)
    discounts: dict[str, Json] = {}
    for resource, payload in world.books.objects_at(bound):
        if resource == "discounts":
            discounts[payload["id"]] = {key: value for key, value in payload.items() if key != "deleted"}
        else:
            resources[resource].append(payload)
    for objects in resources.values():
        # sort() keeps the order of writing among objects of one second, so reversing puts the later one first.
        objects.sort(key=lambda payload: int(payload["created"]))
        objects.reverse()
    events = list(world.books.events_between(bound - STRIPE_EVENT_DAYS * DAY, bound, version))
    resources["events"] = events[::-1]
    return StripeState(
        version,
        dict(resources),
        discounts,
        {price.id: stripe_objects.tiers(price) for price in PRICES if price.tiers},
        {coupon.id: {"products": list(coupon.product_ids)} for coupon in COUPONS if coupon.product_ids},
    )
