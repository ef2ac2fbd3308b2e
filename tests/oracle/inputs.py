"""What the sources hold when the oracle looks at them: app rows, Stripe as read on some nights, spend, rates.

Belongs here: plain records of the inputs. Does not: any rule of METRICS.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

JsonObject = Mapping[str, Any]
Row = dict[str, Any]


@dataclass(frozen=True)
class AppSnapshot:
    """The app's accounts and agents as read at one night, with the columns that land (docs/lake.md)."""

    read_at: datetime
    accounts: Sequence[Row]
    agents: Sequence[Row]


@dataclass(frozen=True)
class StripeNight:
    """Stripe as one night reads it: every list by resource name, and the events of the last 30 days.

    Objects are as the API gives them at a list read with the expansions METRICS 1.2 needs; events carry
    `data.object` and, where Stripe gives them, `data.previous_attributes`.
    """

    read_at: datetime
    objects: Mapping[str, Sequence[JsonObject]]
    events: Sequence[JsonObject]


@dataclass(frozen=True)
class Rate:
    """Units of a currency per EUR on one day (the ECB's way)."""

    rate_date: date
    currency: str
    rate: Decimal


@dataclass(frozen=True)
class ChannelRule:
    """One row of the seed `channel_rules`; an empty cell matches all."""

    rule_order: int
    utm_source: str
    utm_medium: str
    utm_campaign: str
    referrer_host: str
    channel: str


@dataclass(frozen=True)
class Target:
    """One row of the seed `kpi_targets`."""

    metric: str
    comparator: str
    target: Decimal


@dataclass(frozen=True)
class Seeds:
    """The seeds an analyst edits."""

    channel_rules: Sequence[ChannelRule]
    channels: Sequence[Row]
    plans: Sequence[Row]
    targets: Sequence[Target]


@dataclass(frozen=True)
class Inputs:
    """Everything a night's marts follow from. Instants are aware; app events have the landed columns of lake.md."""

    run_at: datetime
    app: Sequence[AppSnapshot]
    app_events: Sequence[Row]
    nights: Sequence[StripeNight]
    google_ads: Sequence[Row]
    costs: Sequence[Row]
    rates: Sequence[Rate]
    seeds: Seeds
    timezone: str = "Europe/Berlin"
    reporting_currency: str = "EUR"
    include_test_mode: bool = False
    api_version: str | None = None
    gross_margin: Fraction = Fraction(80, 100)
    activation_window_days: int = 30
    quality_weights: Mapping[str, int] = field(default_factory=lambda: {"messages": 40, "duration": 30, "lead": 30})
