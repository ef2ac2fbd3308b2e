"""The simulator's ledger of trials, spend and revenue in the shapes of the marts.

Belongs here: what METRICS 2.2 and 2.3 say of single trials, bills, invoices and reductions. Does not: recurring revenue
(mrr_truth), comparing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from ingestion.simulator.spend import MICROS, AdRow
from ingestion.simulator.world import World
from tests.e2e.exact import ZERO, Rates, local_day, to_places

Row = tuple[Any, ...]
MATURE = timedelta(days=30)
ADS = "google_ads"


def trials(world: World, as_of_date: date) -> Iterator[Row]:
    """Rows of fct_trials without the channel, which is no matter of the ledger."""
    for trial in world.ledger.trials:
        started = local_day(trial.started_at)
        converted = trial.converted_at
        yield (
            trial.account_id,
            trial.started_at,
            started.replace(day=1),
            trial.ends_at,
            converted,
            converted is not None,
            None if converted is None else (local_day(converted) - started).days,
            as_of_date - started >= MATURE,
        )


def spend(world: World, rates: Rates, as_of_date: date) -> dict[tuple[date, str, str], Row]:
    """(day, channel, vendor) → EUR, clicks, impressions, conversions: the rows of fct_spend_daily.

    EUR is rounded a CSV row and day. A bill's day share is exact in cents, so only ads have rows to keep apart.
    """
    amounts: dict[tuple[date, str, str], Decimal] = defaultdict(lambda: ZERO)
    volumes: dict[date, tuple[int, int, Decimal]] = defaultdict(lambda: (0, 0, Decimal(0)))
    for entry in world.ledger.spend:
        if entry.vendor != ADS:
            key = entry.spend_date, entry.channel, entry.vendor
            amounts[key] += rates.eur(entry.amount, entry.currency, entry.spend_date)
    for ad in newest_ads(world, as_of_date):
        amounts[ad.day, ADS, ADS] += rates.eur(in_major_units(ad), ad.currency, ad.day)
        clicks, impressions, conversions = volumes[ad.day]
        volumes[ad.day] = clicks + ad.clicks, impressions + ad.impressions, conversions + ad.conversions
    return {key: (eur, *(volumes[key[0]] if key[2] == ADS else (None, None, None))) for key, eur in amounts.items()}


def newest_ads(world: World, as_of_date: date) -> list[AdRow]:
    """Per day, customer and campaign the row of the newest file that was written by then."""
    newest: dict[tuple[date, str, str], AdRow] = {}
    for ad in sorted(world.spend.ads, key=lambda row: row.month):
        if ad.day <= as_of_date and ad.month <= as_of_date:
            newest[ad.day, ad.customer, ad.campaign] = ad
    return list(newest.values())


def revenue(world: World) -> dict[Row, Decimal]:
    """(invoice, kind, type, day, account, currency) → net amount, those of zero left out.

    Invoices voided before the world's end count nowhere; credits and refunds are negative on their own day.
    """
    amounts: dict[Row, Decimal] = defaultdict(lambda: ZERO)
    for invoice in world.ledger.invoices:
        if invoice.voided_at is None or invoice.voided_at >= world.end:
            for revenue_type, net in invoice.net_by_type.items():
                key = (invoice.invoice_id, "charge", revenue_type, local_day(invoice.finalized_at))
                amounts[*key, invoice.account_id, invoice.currency] += net
    for taken in world.ledger.reductions:
        if taken.invoice_id is not None:
            for revenue_type, net in taken.net_by_type.items():
                key = (taken.invoice_id, taken.kind, revenue_type, local_day(taken.effective_at))
                amounts[*key, taken.account_id, taken.currency] -= net
    return {key: to_places(amount) for key, amount in amounts.items() if amount}


def in_major_units(ad: AdRow) -> Decimal:
    """What an ad row cost, in its currency."""
    return Decimal(ad.cost_micros) / MICROS
