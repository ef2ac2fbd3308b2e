"""Invoices: lines, discounts, tax, totals, and the payments that settle them.

Decides cents exactly as an invoice does and writes the revenue truth beside; when to bill is decided elsewhere.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from ingestion.simulator import stripe_objects
from ingestion.simulator.books import Json
from ingestion.simulator.clock import instant_of
from ingestion.simulator.desk import Customer
from ingestion.simulator.ledger import InvoiceRevenue, RevenueLine
from ingestion.simulator.pricing import Discount, Price, charges, inclusive_tax, round_minor, to_major

TAX_RATE_ID = "txr_seller"


@dataclass(frozen=True)
class Line:
    """One line before tax: `amount` in minor units as shown, `discounts` taken off it, `item_id` None for one-offs."""

    price: Price
    quantity: int
    unit: Decimal
    amount: int
    start: int
    end: int
    item_id: str | None = None
    subscription_id: str | None = None
    is_proration: bool = False
    credited: tuple[str, tuple[str, ...]] | None = None
    discounts: tuple[tuple[Discount, int], ...] = ()

    @property
    def taxable(self) -> int:
        """The amount after discounts, which tax is reckoned on."""
        return self.amount - sum(amount for _, amount in self.discounts)


def revenue_type_of(price: Price) -> str:
    """The revenue type the seller means by a price."""
    return price.product.revenue_type or ("recurring" if price.is_recurring else "one_time")


def period_lines(
    price: Price,
    quantity: int,
    period: tuple[int, int],
    *,
    item_id: str | None = None,
    subscription_id: str | None = None,
) -> list[Line]:
    """The lines of one whole period of an item (or of a one-off)."""
    return [
        Line(price, part, unit, round_minor(amount), *period, item_id=item_id, subscription_id=subscription_id)
        for part, unit, amount in charges(price, quantity)
    ]


def prorated(
    lines: Sequence[Line],
    share: Fraction,
    start: int,
    *,
    discounts: Sequence[Discount],
    credited: tuple[str, tuple[str, ...]] | None,
) -> list[Line]:
    """The same lines for the rest of their period from `start`; `credited` names what a credit gives back.

    Percent coupons go with the proration, line by line; amounts off belong to whole invoices.
    """
    sign = -1 if credited else 1
    result = []
    for line in lines:
        amount = sign * round_minor(line.amount * share)
        bare = replace(line, amount=amount, start=start, is_proration=True, credited=credited, discounts=())
        left, taken = amount, []
        for discount in discounts:
            if discount.coupon.percent is not None and discount.touches(line.price):
                cut = round_minor(Fraction(left) * Fraction(discount.coupon.percent) / 100)
                taken.append((discount, cut))
                left -= cut
        result.append(replace(bare, discounts=tuple(taken)))
    return result


def discounted(lines: Sequence[Line], own: Mapping[str, Sequence[Discount]], shared: Sequence[Discount]) -> list[Line]:
    """Lines with discounts taken: each item's own (by item id) first, then the shared ones in listed order."""
    result = list(lines)
    for item_id, discounts in own.items():
        touched = [i for i, line in enumerate(result) if line.item_id == item_id and not line.is_proration]
        for discount in discounts:
            _discount_lines(result, touched, discount)
    for discount in shared:
        touched = [i for i, line in enumerate(result) if not line.is_proration and discount.touches(line.price)]
        _discount_lines(result, touched, discount)
    return result


def _discount_lines(lines: list[Line], touched: list[int], discount: Discount) -> None:
    left = [lines[index].taxable for index in touched]
    coupon = discount.coupon
    if coupon.percent is not None:
        cuts = [round_minor(Fraction(amount) * Fraction(coupon.percent) / 100) for amount in left]
    else:
        budget, total, cuts = min(coupon.amount_off or 0, sum(left)), sum(left), []
        for amount in left:
            # Shares of what remains: the last line takes what rounding left over.
            cut = round_minor(Fraction(budget * amount, total)) if total else 0
            cuts.append(cut)
            budget, total = budget - cut, total - amount
    for index, cut in zip(touched, cuts, strict=True):
        lines[index] = replace(lines[index], discounts=(*lines[index].discounts, (discount, cut)))


def issue(
    customer: Customer,
    lines: Sequence[Line],
    at: int,
    *,
    reason: str,
    of: tuple[str, tuple[int, int]] | None = None,
) -> Json:
    """Draft an invoice and return it; finalise() makes it count. `of` names its subscription and period."""
    subscription_id, period = of or (None, (at, at))
    invoice_id = customer.desk.name("in")
    rendered = [_render_line(invoice_id, customer, line) for line in lines]
    taxes: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    cuts: dict[str, int] = defaultdict(int)
    for line in rendered:
        for tax in line["taxes"]:
            taxes[tax["tax_behavior"]][0] += tax["amount"]
            taxes[tax["tax_behavior"]][1] += tax["taxable_amount"]
        for cut in line["discount_amounts"]:
            cuts[cut["discount"]] += cut["amount"]
    subtotal = sum(line["amount"] for line in rendered)
    total = subtotal - sum(cuts.values()) + taxes["exclusive"][0]
    net = total - sum(amount for amount, _ in taxes.values())
    inclusive_before = sum(inclusive_tax(line["amount"], customer.tax_rate) for line in rendered if _is_inclusive(line))
    customer.invoices += 1
    parent: Json = {
        "quote_details": None,
        "subscription_details": {"metadata": {}, "subscription": subscription_id, "subscription_proration_date": None},
        "type": "subscription_details",
    }
    invoice: Json = {
        "id": invoice_id,
        "object": "invoice",
        "account_country": "DE",
        "account_name": "NETVEXA",
        "amount_due": 0,
        "amount_paid": 0,
        "amount_remaining": 0,
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": True,
        "billing_reason": reason,
        "collection_method": "charge_automatically",
        "created": at,
        "currency": customer.currency.lower(),
        "customer": customer.id,
        "customer_email": customer.desk.account.email,
        "customer_name": customer.desk.account.company_name,
        "customer_phone": customer.desk.account.phone,
        "default_tax_rates": [],
        "description": None,
        "discounts": list(cuts),
        "due_date": None,
        "ending_balance": None,
        "lines": stripe_objects.object_list(rendered, f"/v1/invoices/{invoice_id}/lines"),
        "livemode": True,
        "metadata": {},
        "next_payment_attempt": None,
        "number": None,
        "parent": parent if subscription_id else None,
        "period_end": period[1],
        "period_start": period[0],
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "receipt_number": None,
        "starting_balance": 0,
        "statement_descriptor": None,
        "status": "draft",
        "status_transitions": {
            "finalized_at": None,
            "marked_uncollectible_at": None,
            "paid_at": None,
            "voided_at": None,
        },
        "subtotal": subtotal,
        "subtotal_excluding_tax": subtotal - inclusive_before,
        "total": total,
        "total_discount_amounts": [{"amount": amount, "discount": name} for name, amount in cuts.items()],
        "total_excluding_tax": net,
        "total_taxes": [
            stripe_objects.tax_entry(amount, behavior, taxable, TAX_RATE_ID)
            for behavior, (amount, taxable) in sorted(taxes.items())
            if taxable
        ],
    }
    customer.desk.record("invoices", invoice, at, "invoice.created", livemode=customer.livemode)
    return invoice


def _is_inclusive(line: Json) -> bool:
    return any(tax["tax_behavior"] == "inclusive" for tax in line["taxes"])


def _render_line(invoice_id: str, customer: Customer, line: Line) -> Json:
    details: Json = {"proration": line.is_proration, "proration_details": {"credited_items": None}}
    if line.credited:
        credited = {"invoice": line.credited[0], "invoice_line_items": list(line.credited[1])}
        details["proration_details"] = {"credited_items": credited}
    if line.item_id:
        details |= {"invoice_item": customer.desk.name("ii") if line.is_proration else None}
        details |= {"subscription": line.subscription_id, "subscription_item": line.item_id}
        parent: Json = {
            "invoice_item_details": None,
            "subscription_item_details": details,
            "type": "subscription_item_details",
        }
    else:
        details |= {"invoice_item": customer.desk.name("ii"), "subscription": None}
        parent = {"invoice_item_details": details, "subscription_item_details": None, "type": "invoice_item_details"}
    taxes = []
    if customer.tax_rate and line.taxable:
        if line.price.tax_behavior == "exclusive":
            tax, taxable, behavior = round_minor(line.taxable * customer.tax_rate), line.taxable, "exclusive"
        else:
            tax = inclusive_tax(line.taxable, customer.tax_rate)
            taxable, behavior = line.taxable - tax, "inclusive"
        taxes = [stripe_objects.tax_entry(tax, behavior, taxable, TAX_RATE_ID)]
    return {
        "id": customer.desk.name("il"),
        "object": "line_item",
        "amount": line.amount,
        "currency": customer.currency.lower(),
        "description": f"{line.quantity} × {line.price.product.name}",
        "discount_amounts": [{"amount": amount, "discount": discount.id} for discount, amount in line.discounts],
        "discountable": not line.is_proration,
        "discounts": [discount.id for discount, _ in line.discounts],
        "invoice": invoice_id,
        "livemode": True,
        "metadata": {},
        "parent": parent,
        "period": {"end": line.end, "start": line.start},
        "pretax_credit_amounts": [],
        "pricing": {
            "price_details": {"price": line.price.id, "product": line.price.product.id},
            "type": "price_details",
            "unit_amount_decimal": stripe_objects.decimal_text(line.unit),
        },
        "quantity": line.quantity,
        "subtotal": line.amount,
        "taxes": taxes,
    }


def finalise(customer: Customer, invoice: Json, lines: Sequence[Line], at: int) -> Json:
    """Open a draft: number it, apply the balance, and put its net revenue into the ledger."""
    starting = customer.balance
    due = invoice["total"] + starting
    customer.balance = min(due, 0)
    opened = invoice | {
        "amount_due": max(due, 0),
        "amount_remaining": max(due, 0),
        "effective_at": at,
        "ending_balance": customer.balance,
        "number": f"{customer.id[-8:].upper()}-{customer.invoices:04d}",
        "starting_balance": starting,
        "status": "open",
        "status_transitions": invoice["status_transitions"] | {"finalized_at": at},
    }
    customer.desk.record("invoices", opened, at, "invoice.finalized", livemode=customer.livemode)
    if customer.balance != starting:
        customer.desk.change_customer(customer, at, balance=customer.balance)
    if customer.livemode:
        names = [rendered["id"] for rendered in invoice["lines"]["data"]]
        customer.desk.ledger.invoices.append(
            InvoiceRevenue(
                invoice["id"],
                customer.desk.account.id,
                customer.currency,
                instant_of(at),
                tuple(_revenue_of(customer, line, name) for line, name in zip(lines, names, strict=True)),
            )
        )
    return opened


def _revenue_of(customer: Customer, line: Line, line_id: str) -> RevenueLine:
    contained = 0 if line.price.tax_behavior == "exclusive" else inclusive_tax(line.taxable, customer.tax_rate)
    return RevenueLine(
        line_id,
        revenue_type_of(line.price),
        to_major(line.taxable - contained, customer.currency),
        (instant_of(line.start), instant_of(line.end)),
    )


def _settle(customer: Customer, invoice: Json, at: int, *, succeeded: bool) -> None:
    """A charge and the link between it and the invoice."""
    intent = customer.desk.name("pi")
    charge = stripe_objects.charge(
        customer.desk.name("ch"),
        at,
        (invoice["amount_due"], customer.currency),
        customer.id,
        failed=not succeeded,
        payment_intent=intent,
        email=customer.desk.account.email,
    )
    event = "charge.succeeded" if succeeded else "charge.failed"
    customer.desk.record("charges", charge, at, event, livemode=customer.livemode)
    customer.desk.charges[invoice["id"]] = charge["id"]
    # One in sixteen is paid by a bare charge, as old integrations do.
    by_charge = charge["id"].endswith("0")
    payment: dict[str, Any] = {"type": "payment_intent", "payment_intent": intent}
    if by_charge:
        payment = {"type": "charge", "charge": charge["id"]}
    link_id = invoice["id"].replace("in_", "inpay_")
    link = stripe_objects.invoice_payment(link_id, invoice, at, payment, paid=succeeded)
    if invoice["attempt_count"]:
        link["created"] = customer.desk.books.latest(link_id)["created"]
    event_type = "invoice_payment.paid" if succeeded else None
    customer.desk.record("invoice_payments", link, at, event_type, livemode=customer.livemode)


def pay(customer: Customer, invoice: Json, at: int) -> Json:
    """Pay an open invoice; nothing is charged when nothing is due."""
    if invoice["amount_due"]:
        _settle(customer, invoice, at, succeeded=True)
    paid = invoice | {
        "amount_paid": invoice["amount_due"],
        "amount_remaining": 0,
        "attempt_count": invoice["attempt_count"] + (1 if invoice["amount_due"] else 0),
        "attempted": True,
        "status": "paid",
        "status_transitions": invoice["status_transitions"] | {"paid_at": at},
    }
    customer.desk.record("invoices", paid, at, "invoice.paid", livemode=customer.livemode)
    recurring = any(
        line["amount"] > 0 and (line["parent"]["subscription_item_details"] is not None)
        for line in paid["lines"]["data"]
    )
    if customer.livemode and customer.desk.first_paid_at is None and invoice["total"] > 0 and recurring:
        customer.desk.first_paid_at = at
    return paid


def decline(customer: Customer, invoice: Json, at: int) -> Json:
    """A payment attempt that fails; the invoice stays open."""
    _settle(customer, invoice, at, succeeded=False)
    failed = invoice | {"attempt_count": invoice["attempt_count"] + 1, "attempted": True}
    customer.desk.record("invoices", failed, at, "invoice.payment_failed", livemode=customer.livemode)
    return failed


def close(customer: Customer, invoice: Json, at: int, status: str) -> Json:
    """Void an invoice, or give it up as uncollectible."""
    key, event = {
        "void": ("voided_at", "invoice.voided"),
        "uncollectible": ("marked_uncollectible_at", "invoice.marked_uncollectible"),
    }[status]
    transitions = invoice["status_transitions"] | {key: at}
    closed = invoice | {"status": status, "status_transitions": transitions, "auto_advance": False}
    customer.desk.record("invoices", closed, at, event, livemode=customer.livemode)
    if status == "void":
        customer.desk.ledger.invoices[:] = [
            replace(entry, voided_at=instant_of(at)) if entry.invoice_id == invoice["id"] else entry
            for entry in customer.desk.ledger.invoices
        ]
    return closed
