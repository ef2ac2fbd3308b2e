"""The CSV folders as they stood at an instant: advertising exports, the cost sheet, plugin statistics, ECB rates.

Writes what spend.py and rates.py decided, in each owner's own layout. Nothing is decided here.
"""

import csv
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path

from ingestion.simulator.clock import HOUR, first_of_month, local_date, local_midnight, unix
from ingestion.simulator.rates import CURRENCIES, RateDay
from ingestion.simulator.world import World

_AD_HEADER = (
    "segments.date",
    "customer.id",
    "customer.currency_code",
    "campaign.id",
    "campaign.name",
    "metrics.cost_micros",
    "metrics.clicks",
    "metrics.impressions",
    "metrics.conversions",
)
_COST_HEADER = ("date", "channel", "vendor", "description", "amount", "currency", "date_to")
_PLUGIN_HEADER = ("date", "slug", "active_installs", "downloads")
_ECB_PUBLISHES_AT = 16 * HOUR


def write_files(world: World, spend_dir: Path, rates_dir: Path, as_of: datetime | None = None) -> None:
    """Write the spend and rates folders (created when missing) with whole days before `as_of` only."""
    bound = world.end if as_of is None else min(as_of, world.end)
    today = local_date(bound)
    spend_dir.mkdir(parents=True, exist_ok=True)
    rates_dir.mkdir(parents=True, exist_ok=True)
    ads: dict[date, list[Sequence[object]]] = defaultdict(list)
    for ad in world.spend.ads:
        if ad.day < today and ad.month < today:
            cost = (ad.cost_micros, ad.clicks, ad.impressions, ad.conversions)
            ads[ad.month].append((ad.day, ad.customer, ad.currency, ad.campaign, ad.name, *cost))
    costs: dict[date, list[Sequence[object]]] = defaultdict(list)
    for bill in world.spend.costs:
        if bill.known_on < today:
            costs[first_of_month(bill.known_on)].append(bill.cells)
    plugin: dict[date, list[Sequence[object]]] = defaultdict(list)
    for row in world.spend.plugin:
        if row.day < today:
            plugin[first_of_month(row.day)].append((row.day, row.slug, row.active_installs, row.downloads))
    for kind, header, months in (
        ("google_ads", _AD_HEADER, ads),
        ("costs", _COST_HEADER, costs),
        ("wordpress_plugin", _PLUGIN_HEADER, plugin),
    ):
        for month, rows in months.items():
            _write(spend_dir / f"{kind}_{month:%Y-%m}.csv", header, sorted(rows, key=lambda row: str(row[0])))
    published = [day for day in world.rates if local_midnight(day.day) + _ECB_PUBLISHES_AT < unix(bound)]
    _write(rates_dir / "eurofxref-hist.csv", ("Date", *CURRENCIES, ""), _newest_first(published))


def _newest_first(days: list[RateDay]) -> Iterable[Sequence[object]]:
    # The ECB ends each line with a comma and prints N/A for a currency it no longer quotes.
    for day in reversed(days):
        yield (day.day, *("N/A" if rate is None else rate for rate in day.rates), "")


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
