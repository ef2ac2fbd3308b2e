"""Taking an inclusive price net, by what its own invoice lines were taxed (METRICS 2.2).

Belongs here: which line tells the rate, and the rate. Does not: invoices' revenue.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from tests.oracle.clock import instant
from tests.oracle.inputs import JsonObject
from tests.oracle.invoice_lines import is_proration, item_of, line_net, line_tax
from tests.oracle.stripe_books import StripeBooks


@dataclass(frozen=True)
class TaxedPeriod:
    """What one finalised invoice taxed one item in one service period. `rate` is tax ÷ net."""

    start: datetime
    end: datetime
    rate: Fraction
    is_inclusive: bool


def taxed_periods(books: StripeBooks, subscription_id: str) -> Mapping[str, Sequence[TaxedPeriod]]:
    """By item: its non-proration lines above 0 (the lines of tiers together), oldest period first."""
    groups: dict[tuple[str, int, int, str], list[JsonObject]] = defaultdict(list)
    for invoice in books.invoices_by_subscription.get(subscription_id, ()):
        for line in invoice["lines"]["data"]:
            item = item_of(line)
            if item is not None and not is_proration(line):
                groups[item, line["period"]["start"], line["period"]["end"], invoice["id"]].append(line)
    periods: dict[str, list[TaxedPeriod]] = defaultdict(list)
    for (item, start, end, _), lines in sorted(groups.items()):
        period = _taxed(instant(start), instant(end), lines)
        if period is not None:
            periods[item].append(period)
    return periods


def _taxed(start: datetime, end: datetime, lines: Iterable[JsonObject]) -> TaxedPeriod | None:
    billed = list(lines)
    net = sum(map(line_net, billed))
    if net <= 0:
        return None
    behaviours = {tax.get("tax_behavior") for line in billed for tax in line.get("taxes") or ()}
    return TaxedPeriod(start, end, Fraction(sum(map(line_tax, billed)), net), "inclusive" in behaviours)


def net_factor(price: JsonObject, periods: Sequence[TaxedPeriod], moment: datetime) -> Fraction:
    """What an amount of the price is multiplied by to be net: 1 unless it is inclusive and its tax is known.

    The line in force at the moment tells, else the next one, else the newest.
    """
    behaviour = price.get("tax_behavior")
    period = _telling(periods, moment)
    if period is None or behaviour == "exclusive":
        return Fraction(1)
    is_inclusive = behaviour == "inclusive" or period.is_inclusive
    return 1 / (1 + period.rate) if is_inclusive else Fraction(1)


def _telling(periods: Sequence[TaxedPeriod], moment: datetime) -> TaxedPeriod | None:
    in_force = [period for period in periods if period.start <= moment < period.end]
    if in_force:
        return in_force[-1]
    coming = [period for period in periods if period.start > moment]
    return coming[0] if coming else (periods[-1] if periods else None)
