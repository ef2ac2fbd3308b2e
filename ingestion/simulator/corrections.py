"""One-off invoices, and what takes revenue back: refunds, credit notes, voided and uncollectible invoices.

Each act writes Stripe's objects and the ledger's entry for it. Subscriptions bill elsewhere (subscriptions.py).
"""

from collections.abc import Sequence
from fractions import Fraction

from ingestion.simulator import stripe_objects
from ingestion.simulator.books import Json
from ingestion.simulator.clock import HOUR, instant_of
from ingestion.simulator.desk import Customer
from ingestion.simulator.invoicing import TAX_RATE_ID, close, finalise, issue, pay, period_lines
from ingestion.simulator.ledger import InvoiceRevenue, RevenueLine, RevenueReduction
from ingestion.simulator.pricing import Price, round_minor, to_major


def bill_one_off(customer: Customer, wanted: Sequence[tuple[Price, int]], at: int, *, fate: str = "paid") -> Json:
    """An invoice outside any subscription; `fate`: paid, draft, open, void (days later) or uncollectible."""
    lines = [line for price, quantity in wanted for line in period_lines(price, quantity, (at, at))]
    draft = issue(customer, lines, at, reason="manual")
    if fate == "draft":
        return draft
    opened = finalise(customer, draft, lines, at + HOUR)
    if fate == "paid":
        customer.desk.at(at + 5 * HOUR, lambda instant: pay(customer, opened, instant))
    elif fate in {"void", "uncollectible"}:
        customer.desk.at(at + 50 * 24 * HOUR, lambda instant: close(customer, opened, instant, fate))
    return opened


def refund_part(customer: Customer, invoice: Json, percent: int, at: int, *, status: str = "succeeded") -> Json | None:
    """Give back part of what an invoice's charge took; None when there is nothing left to give back."""
    if invoice["id"] not in customer.desk.charges:
        return None
    charge = customer.desk.books.latest(customer.desk.charges[invoice["id"]])
    amount = round_minor(Fraction(charge["amount"] * percent, 100))
    if not charge["paid"] or amount <= 0 or charge["amount_refunded"] + amount > charge["amount"]:
        return None
    refund = stripe_objects.refund(customer.desk.name("re"), at, amount=amount, charged=charge, status=status)
    customer.desk.record("refunds", refund, at, "refund.created")
    if status != "succeeded":
        return refund
    refunded = charge["amount_refunded"] + amount
    changed = charge | {"amount_refunded": refunded, "refunded": refunded == charge["amount"]}
    customer.desk.record("charges", changed, at, "charge.refunded")
    net = Fraction(amount * invoice["total_excluding_tax"], invoice["total"])
    shares = _shares(_revenue(customer, invoice["id"]), net)
    lines = tuple(
        RevenueLine(
            refund["id"] if len(shares) == 1 else f"{refund['id']}:{name}", name, to_major(share, customer.currency)
        )
        for name, share in shares.items()
    )
    _tell_refund(customer, refund, invoice["id"], lines=lines, given_back=amount)
    return refund


def refund_bare_charge(customer: Customer, amount: int, at: int) -> None:
    """A charge that no invoice asked for, and its refund: outside the revenue tables, and reported."""
    charge = stripe_objects.charge(customer.desk.name("ch"), at, (amount, customer.currency), customer.id)
    customer.desk.record("charges", charge, at, "charge.succeeded")
    refund = stripe_objects.refund(
        customer.desk.name("re"), at + HOUR, amount=amount, charged=charge, status="succeeded"
    )
    customer.desk.record("refunds", refund, at + HOUR, "refund.created")
    customer.desk.record(
        "charges", charge | {"amount_refunded": amount, "refunded": True}, at + HOUR, "charge.refunded"
    )
    _tell_refund(customer, refund, None, given_back=amount)


def credit(
    customer: Customer,
    invoice: Json,
    nets: Sequence[tuple[str | None, int]],
    at: int,
    *,
    refunds: bool = False,
) -> Json:
    """A credit note over (invoice line id or None for a line of its own, net minor units).

    Tax comes on top at the customer's rate. An open invoice is reduced; a paid one is refunded when `refunds`, else
    the amount becomes the customer's balance.
    """
    note_id = customer.desk.name("cn")
    lines = [_credit_line(customer, name, net) for name, net in nets]
    net_total = sum(net for _, net in nets)
    tax_total = sum(tax["amount"] for line in lines for tax in line["taxes"])
    total = net_total + tax_total
    is_open = invoice["status"] == "open"
    refund = None
    if refunds and not is_open:
        charge = customer.desk.books.latest(customer.desk.charges[invoice["id"]])
        refund = stripe_objects.refund(customer.desk.name("re"), at, amount=total, charged=charge, status="succeeded")
        customer.desk.record("refunds", refund, at, "refund.created")
        customer.desk.record(
            "charges", charge | {"amount_refunded": charge["amount_refunded"] + total}, at, "charge.refunded"
        )
        _tell_refund(customer, refund, invoice["id"], given_back=0)
    taxes = [stripe_objects.tax_entry(tax_total, "exclusive", net_total, TAX_RATE_ID)] if tax_total else []
    note: Json = {
        "id": note_id,
        "object": "credit_note",
        "amount": total,
        "amount_shipping": 0,
        "created": at,
        "currency": invoice["currency"],
        "customer": customer.id,
        "discount_amount": 0,
        "discount_amounts": [],
        "effective_at": at,
        "invoice": invoice["id"],
        "lines": stripe_objects.object_list(lines, f"/v1/credit_notes/{note_id}/lines"),
        "livemode": True,
        "memo": None,
        "metadata": {},
        "number": f"{invoice['number']}-CN-01",
        "out_of_band_amount": None,
        "post_payment_amount": 0 if is_open else total,
        "pre_payment_amount": total if is_open else 0,
        "reason": "product_unsatisfactory",
        "refunds": [{"amount_refunded": total, "payment_record_refund": None, "refund": refund["id"], "type": "refund"}]
        if refund
        else [],
        "status": "issued",
        "subtotal": net_total,
        "subtotal_excluding_tax": net_total,
        "total": total,
        "total_excluding_tax": net_total,
        "total_taxes": taxes,
        "type": "pre_payment" if is_open else "post_payment",
        "voided_at": None,
    }
    customer.desk.record("credit_notes", note, at, "credit_note.created")
    key = "pre_payment_credit_notes_amount" if is_open else "post_payment_credit_notes_amount"
    changed = invoice | {key: invoice[key] + total}
    if is_open:
        changed |= {"amount_remaining": invoice["amount_remaining"] - total}
    customer.desk.record("invoices", changed, at, "invoice.updated")
    revenue = _revenue(customer, invoice["id"])
    types = {line.line_id: line.revenue_type for line in revenue.lines}
    largest = max(revenue.net_by_type, key=lambda name: revenue.net_by_type[name])
    taken = tuple(
        RevenueLine(line["id"], largest if name is None else types[name], to_major(net, customer.currency))
        for line, (name, net) in zip(lines, nets, strict=True)
    )
    customer.desk.ledger.reductions.append(
        RevenueReduction(
            "credit_note",
            note_id,
            customer.desk.account.id,
            invoice["id"],
            customer.currency,
            instant_of(at),
            taken,
        )
    )
    return note


def _credit_line(customer: Customer, invoice_line_id: str | None, net: int) -> Json:
    tax = round_minor(net * customer.tax_rate)
    return {
        "id": customer.desk.name("cnli"),
        "object": "credit_note_line_item",
        "amount": net,
        "description": "Credit",
        "discount_amount": 0,
        "discount_amounts": [],
        "invoice_line_item": invoice_line_id,
        "livemode": True,
        "metadata": {},
        "pretax_credit_amounts": [],
        "quantity": None,
        "tax_rates": [],
        "taxes": [stripe_objects.tax_entry(tax, "exclusive", net, TAX_RATE_ID)] if tax else [],
        "type": "invoice_line_item" if invoice_line_id else "custom_line_item",
        "unit_amount": None,
        "unit_amount_decimal": None,
    }


def _revenue(customer: Customer, invoice_id: str) -> InvoiceRevenue:
    return next(entry for entry in customer.desk.ledger.invoices if entry.invoice_id == invoice_id)


def _shares(revenue: InvoiceRevenue, net: Fraction) -> dict[str, Fraction]:
    """What a net amount takes from each revenue type of an invoice, in proportion to those above zero."""
    positive = {name: Fraction(amount) for name, amount in revenue.net_by_type.items() if amount > 0}
    return {name: net * amount / sum(positive.values()) for name, amount in positive.items()}


def _tell_refund(
    customer: Customer,
    refund: Json,
    invoice_id: str | None,
    *,
    lines: tuple[RevenueLine, ...] = (),
    given_back: int,
) -> None:
    customer.desk.ledger.reductions.append(
        RevenueReduction(
            "refund",
            refund["id"],
            customer.desk.account.id,
            invoice_id,
            customer.currency,
            instant_of(refund["created"]),
            lines,
            to_major(given_back, customer.currency),
        )
    )
