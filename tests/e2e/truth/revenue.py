"""The simulator's ledger of invoices, credit notes and refunds in the shapes of the revenue marts.

Belongs here: when a line counts, and what it comes to in EUR, as METRICS 2.2 says. Does not: recurring revenue
(recurring), comparing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from ingestion.simulator.ledger import InvoiceRevenue, Ledger, RevenueLine, RevenueReduction
from tests.e2e.exact import ZERO, Rates, local_day, month_of, ratio, to_places


class RevenueRow(NamedTuple):
    """A row of fct_revenue_lines."""

    revenue_line_id: str
    invoice_id: str
    account_id: str
    revenue_type: str
    line_kind: str
    revenue_date: date
    service_start_date: date | None
    service_end_date: date | None
    amount_eur: Decimal
    currency: str
    amount: Decimal


class RevenueTypeMonth(NamedTuple):
    """A row of revenue_mix_monthly."""

    revenue_month: date
    revenue_type: str
    amount_eur: Decimal
    revenue_ratio: Decimal | None


def standing_invoices(ledger: Ledger, end: datetime) -> list[InvoiceRevenue]:
    """The invoices that were not voided before the end; a later void restates."""
    return [invoice for invoice in ledger.invoices if invoice.voided_at is None or invoice.voided_at >= end]


def revenue_lines(ledger: Ledger, rates: Rates, end: datetime) -> Iterator[RevenueRow]:
    """Lines of invoices on the day they were finalised; credits and refunds negative, on their own day."""
    for invoice in standing_invoices(ledger, end):
        for line in invoice.lines:
            yield _row(invoice, line, local_day(invoice.finalized_at), rates)
    for taken in ledger.reductions:
        for line in taken.lines:
            yield _row(taken, line, local_day(taken.effective_at), rates)


def _row(source: InvoiceRevenue | RevenueReduction, line: RevenueLine, day: date, rates: Rates) -> RevenueRow:
    assert source.invoice_id is not None
    kind, sign = ("charge", 1) if isinstance(source, InvoiceRevenue) else (source.kind, -1)
    amount = to_places(sign * line.net)
    return RevenueRow(
        line.line_id,
        source.invoice_id,
        source.account_id,
        line.revenue_type,
        kind,
        day,
        line.service and local_day(line.service[0]),
        line.service and local_day(line.service[1]),
        rates.eur(amount, source.currency, day),
        source.currency,
        amount,
    )


def revenue_mix(lines: Iterable[RevenueRow]) -> Iterator[RevenueTypeMonth]:
    """Months and types that come to anything."""
    sums: dict[date, dict[str, Decimal]] = defaultdict(lambda: defaultdict(lambda: ZERO))
    for line in lines:
        sums[month_of(line.revenue_date)][line.revenue_type] += line.amount_eur
    for month, by_type in sums.items():
        total = sum(by_type.values(), ZERO)
        for revenue_type, amount in by_type.items():
            if amount:
                yield RevenueTypeMonth(month, revenue_type, amount, ratio(amount, total))
