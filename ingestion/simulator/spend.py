"""What acquisition costs: advertising that is restated later, bills of every kind, and the plugin's popularity.

Rows of the three spend exports and the spend truth, per day; the files themselves are written in emit_files.py.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from ingestion.simulator.clock import days_between, first_of_month
from ingestion.simulator.ledger import Ledger, SpendTruth
from ingestion.simulator.randomness import happens, stream

_CAMPAIGNS = (
    ("7001", "EUR", "21001", "Brand DE", 9.0),
    ("7001", "EUR", "21002", "Generic EU", 17.0),
    ("7002", "USD", "21003", "Generic US", 7.0),
)
MICROS = 1_000_000
WEEKEND = (5, 6)
_FAIR_MONTH, _LICENCE_MONTH = 5, 10
RESTATED_MONTHS = 2


@dataclass(frozen=True)
class AdRow:
    """A row of a Google Ads export: `month` is the file's month, `day` the day it reports."""

    month: date
    day: date
    customer: str
    currency: str
    campaign: str
    name: str
    cost_micros: int
    clicks: int
    impressions: int
    conversions: Decimal


@dataclass(frozen=True)
class CostRow:
    """A bill as typed into the cost sheet; cells are text, so that bad ones exist. `known_on` is when it was typed."""

    known_on: date
    cells: tuple[str, str, str, str, str, str, str]


@dataclass(frozen=True)
class PluginRow:
    """A day of the plugin directory's statistics."""

    day: date
    slug: str
    active_installs: int
    downloads: int


@dataclass(frozen=True)
class SpendHistory:
    """Everything the marketing team exported or typed."""

    ads: list[AdRow]
    costs: list[CostRow]
    plugin: list[PluginRow]


def spend_history(seed: int, start: date, end: date, ledger: Ledger) -> SpendHistory:
    """Spend from `start` to `end` (exclusive); the truth goes to the ledger."""
    ads = _ads(seed, start, end, ledger)
    costs = _costs(seed, start, end, ledger)
    return SpendHistory(ads, costs, _plugin(seed, start, end))


def _ads(seed: int, start: date, end: date, ledger: Ledger) -> list[AdRow]:
    rows: list[AdRow] = []
    for number, day in enumerate(days_between(start, end)):
        for customer, currency, campaign, name, budget in _CAMPAIGNS:
            rng = stream(seed, "ads", day, campaign)
            rhythm = 0.6 if day.weekday() in WEEKEND else 1.1
            cost = int(budget * rhythm * (0.7 + 0.6 * min(1.0, number / 500)) * rng.uniform(0.7, 1.3) * MICROS)
            clicks = cost // (1_300_000 + rng.randrange(400_000)) + 1
            month = first_of_month(day)
            final = cost
            for later in range(RESTATED_MONTHS + 1):
                file_month = first_of_month(month, later)
                # A month's file repeats the months before it, with invalid clicks taken out of some days.
                if file_month >= end:
                    break
                if later and happens(rng, 0.25):
                    final = final * rng.randint(93, 99) // 100
                conversions = Decimal(rng.randrange(0, 180)) / 100
                volumes = (clicks, clicks * 37, conversions)
                rows.append(AdRow(file_month, day, customer, currency, campaign, name, final, *volumes))
            amount = Decimal(final) / MICROS
            ledger.spend.append(SpendTruth(day, day, "google_ads", "google_ads", currency, amount, *volumes))
    return rows


def _costs(seed: int, start: date, end: date, ledger: Ledger) -> list[CostRow]:
    rows: list[CostRow] = []

    def bill(day: date, what: tuple[str, str, str], amount: str, currency: str, *, last: date | None = None) -> None:
        if day >= end:
            return
        channel, vendor, text = what
        rows.append(
            CostRow(day, (day.isoformat(), channel, vendor, text, amount, currency, last.isoformat() if last else ""))
        )
        span = days_between(day, (last or day) + timedelta(days=1))
        cents = int(Decimal(amount) * 100)
        share, rest = divmod(abs(cents), len(span))
        known = channel if channel in {"content_marketing", "organic_search", "wordpress_plugin"} else "other"
        for position, covered in enumerate(span):
            part = Decimal(share + (position < rest)) / 100
            ledger.spend.append(SpendTruth(day, covered, known, vendor, currency, part if cents >= 0 else -part))

    month = start
    while month < end:
        rng = stream(seed, "costs", month)
        next_month = first_of_month(month, 1)
        bill(
            month,
            ("organic_search", "seo_suite", "SEO tool, licence"),
            "129.00",
            "EUR",
            last=next_month - timedelta(days=1),
        )
        for _ in range(rng.randint(2, 4)):
            day = month + timedelta(days=rng.randrange(27))
            amount = f"{rng.randrange(18_000, 42_000) / 100:.2f}"
            bill(day, ("content_marketing", "freelance_desk", "Article by Jana Vogel"), amount, "EUR")
        bill(month + timedelta(days=9), ("wordpress_plugin", "plugin_host", "Directory, hosting"), "39.90", "USD")
        if month.month % 3 == 0:
            for _ in range(2):
                bill(month + timedelta(days=14), ("content_marketing", "stock_images", "Image pack"), "24.50", "EUR")
            bill(month + timedelta(days=20), ("content_marketing", "freelance_desk", "Credit"), "-60.00", "EUR")
        if month.month == _FAIR_MONTH:
            bill(month + timedelta(days=11), ("podcast", "studio_nord", "Two episodes"), "480.00", "EUR")
            bill(month + timedelta(days=12), ("", "stand_builder", "Fair"), "750.00", "GBP")
        if month.month == _LICENCE_MONTH:
            year = timedelta(days=364)
            bill(month, ("organic_search", "rank_tracker", "Year licence"), "588.01", "EUR", last=month + year)
        month = next_month
    broken = first_of_month(start, 2)
    for cells in (
        ("31.02.", "content_marketing", "freelance_desk", "no date", "12.00", "EUR", ""),
        (broken.isoformat(), "content_marketing", "freelance_desk", "no amount", "n/a", "EUR", ""),
        (broken.isoformat(), "content_marketing", "freelance_desk", "no currency", "12.00", "", ""),
    ):
        rows.append(CostRow(broken, cells))
        ledger.quarantined["spend row unreadable"] += 1
    return [row for row in rows if row.known_on < end]


def _plugin(seed: int, start: date, end: date) -> list[PluginRow]:
    rows = []
    for number, day in enumerate(days_between(start, end)):
        rng = stream(seed, "plugin", day)
        installs = (400 + number * 5) // 100 * 100
        rows.append(PluginRow(day, "netvexa-chat", installs, rng.randrange(8, 30) + number // 20))
    return rows
