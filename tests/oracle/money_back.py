"""Money that goes back in the sandbox: credit notes and refunds.

Belongs here: what is made of a paid invoice afterwards. Does not: subscriptions (sandbox).
"""

from __future__ import annotations

from fractions import Fraction

from tests.oracle.catalogue import Document
from tests.oracle.sandbox import Sandbox


def credit(sandbox: Sandbox, invoice: Document, share: Fraction, *, names_line: bool, refunded: int) -> Document | None:
    """A credit note over part of an invoice's first line above 0; `refunded` cents of it go back to the card."""
    lines = [entry for entry in invoice["lines"]["data"] if entry["amount"] > 0]
    if invoice["status"] not in ("open", "paid") or not lines:
        return None
    of = lines[0]
    discounts = sum(discount["amount"] for discount in of["discount_amounts"])
    inclusive = sum(tax["amount"] for tax in of["taxes"] if tax["tax_behavior"] == "inclusive")
    exclusive = sum(tax["amount"] for tax in of["taxes"]) - inclusive
    gross, off, inside, beside = (int(part * share) for part in (of["amount"], discounts, inclusive, exclusive))
    taxes = [
        {"amount": amount, "tax_behavior": behaviour, "taxable_amount": gross - off}
        for amount, behaviour in ((inside, "inclusive"), (beside, "exclusive"))
        if amount
    ]
    note = sandbox.new(
        "credit_notes",
        "cn",
        "credit_note",
        invoice=invoice["id"],
        customer=invoice["customer"],
        currency=invoice["currency"],
        status="issued",
        type="post_payment",
        reason=None,
        amount=gross - off + beside,
        subtotal=gross,
        subtotal_excluding_tax=gross - inside,
        total=gross - off + beside,
        total_excluding_tax=gross - off - inside,
        discount_amount=off,
        effective_at=sandbox.now,
        voided_at=None,
        pre_payment_amount=0,
        post_payment_amount=gross - off + beside,
        out_of_band_amount=0,
        total_taxes=taxes,
        refunds=[],
        lines={
            "data": [
                {
                    "id": sandbox.new_id("cnli"),
                    "object": "credit_note_line_item",
                    "amount": gross,
                    "quantity": 1,
                    "type": "invoice_line_item" if names_line else "custom_line_item",
                    "invoice_line_item": of["id"] if names_line else None,
                    "discount_amounts": [{"amount": off, "discount": "di_of_the_line"}] if off else [],
                    "taxes": taxes,
                }
            ]
        },
    )
    note["livemode"] = invoice["livemode"]
    if refunded and note["total"]:
        made = refund(sandbox, invoice, min(refunded, note["total"]), "succeeded")
        if made is not None:
            note["refunds"] = [{"refund": made["id"], "amount_refunded": made["amount"], "type": "refund"}]
    return note


def refund(sandbox: Sandbox, invoice: Document, amount: int, status: str) -> Document | None:
    """Give back part of what an invoice's payment brought; None where there is no payment."""
    payments = [p for p in sandbox.objects["invoice_payments"].values() if p["invoice"] == invoice["id"]]
    if not payments:
        return None
    intent = payments[0]["payment"]["payment_intent"]
    charge = next(c for c in sandbox.objects["charges"].values() if c["payment_intent"] == intent)
    left = charge["amount"] - charge["amount_refunded"]
    if left <= 0:
        return None
    made = sandbox.new(
        "refunds",
        "re",
        "refund",
        charge=charge["id"],
        payment_intent=intent,
        amount=min(amount, left),
        currency=invoice["currency"],
        status=status,
    )
    made["livemode"] = invoice["livemode"]
    if status == "succeeded":
        charge["amount_refunded"] += made["amount"]
    return made


def void_note(sandbox: Sandbox, invoice: Document) -> None:
    """Take an invoice's newest credit note back, if it has one."""
    notes = [n for n in sandbox.objects["credit_notes"].values() if n["invoice"] == invoice["id"]]
    if notes and notes[-1]["status"] == "issued":
        notes[-1] |= {"status": "void", "voided_at": sandbox.now}
