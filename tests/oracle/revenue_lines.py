"""Revenue line by line, what credit notes and refunds took back, and its mix: `fct_revenue_lines`.

Belongs here: METRICS 2.2's revenue. Does not: MRR, which it never is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from tests.oracle.clock import ReportingClock, instant, month_of
from tests.oracle.inputs import JsonObject, Row
from tests.oracle.invoice_lines import line_net, price_id_of, product_id_of
from tests.oracle.money import Rates, minor_unit, money, ratio
from tests.oracle.stripe_books import REVENUE_TYPES, StripeBooks, finalised_at


def fct_revenue_lines(books: StripeBooks, clock: ReportingClock, rates: Rates) -> list[Row]:
    lines = [*_charges(books, clock), *_credit_notes(books, clock), *_refunds(books, clock)]
    counted = [line for line in lines if line["revenue_date"] <= clock.as_of_date]
    return [
        line | {"amount_eur": rates.convert(line["amount"], line["currency"], line["revenue_date"])} for line in counted
    ]


def revenue_type(books: StripeBooks, line: JsonObject) -> str:
    """`product.metadata.revenue_type`, else recurring price → `recurring`, else `one_time`."""
    price = books.prices.get(price_id_of(line) or "", {})
    product_id = product_id_of(line) or price.get("product")
    product = books.products.get(product_id or "", {})
    told = (product.get("metadata") or {}).get("revenue_type")
    if told in REVENUE_TYPES:
        return str(told)
    return "recurring" if price.get("recurring") is not None else "one_time"


@dataclass(frozen=True)
class Part:
    """One line before its money is written out; `minor` is net, in the currency's smallest units."""

    line_id: str
    kind: str
    revenue_type: str
    day: date
    minor: Fraction


def _row(books: StripeBooks, invoice: JsonObject, part: Part) -> Row:
    currency = str(invoice["currency"]).upper()
    return {
        "revenue_line_id": part.line_id,
        "invoice_id": invoice["id"],
        "account_id": books.account_of(invoice["customer"]),
        "revenue_type": part.revenue_type,
        "line_kind": part.kind,
        "revenue_date": part.day,
        "service_start_date": None,
        "service_end_date": None,
        "currency": currency,
        "amount": money(part.minor / minor_unit(currency)),
    }


def _charges(books: StripeBooks, clock: ReportingClock) -> Iterator[Row]:
    for invoice in books.finalised_invoices:
        day = clock.date_of(finalised_at(invoice))
        for line in invoice["lines"]["data"]:
            kind = revenue_type(books, line)
            yield _row(books, invoice, Part(line["id"], "charge", kind, day, Fraction(line_net(line)))) | {
                "service_start_date": clock.date_of(instant(line["period"]["start"])),
                "service_end_date": clock.date_of(instant(line["period"]["end"])),
            }


def _nets_by_type(books: StripeBooks, invoice: JsonObject) -> Mapping[str, int]:
    nets: dict[str, int] = defaultdict(int)
    for line in invoice["lines"]["data"]:
        nets[revenue_type(books, line)] += line_net(line)
    return nets


def _issued_credit_notes(books: StripeBooks) -> list[JsonObject]:
    finalised = {invoice["id"] for invoice in books.finalised_invoices}
    notes = books.latest("credit_notes").values()
    return [note for note in notes if note["status"] == "issued" and note["invoice"] in finalised]


def _credit_notes(books: StripeBooks, clock: ReportingClock) -> Iterator[Row]:
    """Their own date; a line without an invoice line goes to the invoice's largest type."""
    for note in _issued_credit_notes(books):
        invoice = books.invoices[note["invoice"]]
        types = {line["id"]: revenue_type(books, line) for line in invoice["lines"]["data"]}
        nets = _nets_by_type(books, invoice)
        largest = min(nets, key=lambda kind: (-nets[kind], kind))
        day = clock.date_of(_note_date(note))
        for line in note["lines"]["data"]:
            kind = types.get(line.get("invoice_line_item") or "", largest)
            yield _row(books, invoice, Part(line["id"], "credit_note", kind, day, -Fraction(line_net(line))))


def _note_date(note: JsonObject) -> datetime:
    return instant(note.get("effective_at") or note["created"])


def _refunds(books: StripeBooks, clock: ReportingClock) -> Iterator[Row]:
    """A refund less what credit notes took, net of tax by its invoice's ratio, split over the types' positive nets."""
    taken: dict[str, int] = defaultdict(int)
    for note in _issued_credit_notes(books):
        for part in note.get("refunds") or ():
            taken[part["refund"]] += part["amount_refunded"]
    paid_with = _invoices_by_payment(books)
    finalised = {invoice["id"] for invoice in books.finalised_invoices}
    for refund in books.latest("refunds").values():
        invoice_id = paid_with.get(refund["charge"]) or paid_with.get(refund["payment_intent"])
        left = refund["amount"] - taken[refund["id"]]
        if refund["status"] != "succeeded" or invoice_id not in finalised or left <= 0:
            continue
        invoice = books.invoices[str(invoice_id)]
        net = Fraction(left * invoice["total_excluding_tax"], invoice["total"])
        shares = {kind: amount for kind, amount in _nets_by_type(books, invoice).items() if amount > 0}
        day = clock.date_of(instant(refund["created"]))
        for kind, share in shares.items():
            line_id = f"{refund['id']}:{kind}" if len(shares) > 1 else refund["id"]
            yield _row(books, invoice, Part(line_id, "refund", kind, day, -net * share / sum(shares.values())))


def _invoices_by_payment(books: StripeBooks) -> Mapping[str | None, str]:
    """Invoice by charge and by payment intent, as the invoice payments join them."""
    found: dict[str | None, str] = {}
    for payment in books.latest("invoice_payments").values():
        for name in ("charge", "payment_intent"):
            if payment["payment"].get(name):
                found[payment["payment"][name]] = payment["invoice"]
    return found


def revenue_mix_monthly(lines: Sequence[Row]) -> list[Row]:
    months: dict[date, dict[str, list[Decimal]]] = defaultdict(lambda: defaultdict(list))
    for line in lines:
        if line["amount_eur"] is not None:
            months[month_of(line["revenue_date"])][line["revenue_type"]].append(line["amount_eur"])
    rows = []
    for month, types in months.items():
        totals = {kind: sum(amounts, Decimal(0)) for kind, amounts in types.items()}
        whole = sum(totals.values(), Decimal(0))
        rows += [
            {"revenue_month": month, "revenue_type": kind, "amount_eur": total, "revenue_ratio": ratio(total, whole)}
            for kind, total in totals.items()
            if total
        ]
    return rows
