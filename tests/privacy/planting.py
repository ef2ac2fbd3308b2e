"""Canaries into every source, wherever a person could have written something.

Belongs here: what is written into the app's database, into Stripe's objects and into the files. Does not: the company
itself (the simulator), running anything (conftest).
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import count, cycle, product
from pathlib import Path
from typing import Any

from ingestion.simulator.emit_stripe import StripeState
from tests.integration.ingestion.app_database import execute
from tests.privacy.canaries import (
    CANARIES,
    CONTACTS,
    EMAIL,
    ENCODINGS,
    LABEL_LIKE,
    NAME,
    PHONE,
    SENTENCE,
    Canary,
)

# Spellings that are written like labels, so that a field for labels lets them pass unless they are recognised.
_LIKE_LABELS = ("base64", "base64 for URLs", "base64 of percent-encoded", "hexadecimal", "plain", "lower case")
_BEFORE, _DAY = "2026-02-20 10:00:00+00", "2026-03-10 10:00:00+00"

_ACCOUNT, _AGENT = "planted_1", "planted_agent"
_PLACES = ("account_id", "agent_id", "conversation_id")
_EVENT_COLUMNS = ("id", "event_type", *_PLACES, "visitor_id", "properties", "occurred_at", "received_at")
_ACCOUNT_COLUMNS = (
    *("id", "created_at", "country", "utm_source", "utm_medium", "utm_campaign", "referrer", "stripe_customer_id"),
)

# The keys of each type that may leave, and others that may not.
_PROPERTIES = {
    "conversation_started": ("is_test", "channel", "ip", "user_agent", "page"),
    "message_sent": ("sender", "text", "attachment"),
    "response_rated": ("is_accurate", "comment"),
    "lead_captured": ("email", "name", "phone", "message"),
    "conversation_ended": ("summary",),
    "trial_started": ("plan", "trial_days", "company"),
    "trial_converted": ("plan", "amount", "currency", "card_holder"),
    "feature_used": ("feature", "query"),
    "experiment_exposed": ("experiment", "variant", "user"),
    "something_new": ("plan", "feature", "note"),
    "page_viewed": ("channel", "url"),
}


def written(canaries: tuple[Canary, ...] = CANARIES) -> Iterator[str]:
    """Every canary in every spelling and encoding."""
    for canary, encode in product(canaries, ENCODINGS.values()):
        for text in canary.written:
            yield encode(text)


def contacts_like_labels() -> Iterator[str]:
    """What the border has to know when it sees it, in all encodings, and other canaries where no label looks so."""
    yield from written(CONTACTS)
    for canary, (name, encode) in product((NAME, SENTENCE), ENCODINGS.items()):
        if name not in _LIKE_LABELS and not name.startswith(("hexadecimal", "base64", "upper")):
            yield encode(canary.text)


def plant_in_app(dsn: str) -> None:
    """New columns full of canaries beside every row, and rows that hold them in the columns that are read."""
    everything = _literal("\n".join(written()))
    known = {"accounts": ("email", "phone", "company_name"), "agents": ("name",), "events": ("ip",)}
    new = {"accounts": ("name", "billing_address"), "agents": ("persona", "greeting"), "events": ("user_agent",)}
    keys = {"accounts": ("id",), "agents": ("id", "account_id"), "events": ("id", *_PLACES)}
    statements = [
        *(f"alter table {table} add column {name} text default {everything}" for table in new for name in new[table]),
        *(f"update {table} set {name} = {everything}" for table in known for name in known[table]),
        # Ids are read as text whatever they are; a text can hold anything.
        *(f"alter table {table} alter column {key} type text" for table in keys for key in keys[table]),
        f"insert into agents (id, account_id, created_at) values ('{_AGENT}', '{_ACCOUNT}', '{_BEFORE}')",
        f"insert into accounts (id, created_at, utm_campaign) values ('label_like', '{_BEFORE}', '{LABEL_LIKE.text}')",
        _insert("accounts", _ACCOUNT_COLUMNS, _accounts()),
        _insert("events", _EVENT_COLUMNS, _events()),
    ]
    execute(dsn, statements)


def _accounts() -> Iterator[tuple[Any, ...]]:
    numbers = count(1)
    for text in contacts_like_labels():
        for url in (f"https://shop.example/?q={text}", f"https://{EMAIL.text}:pw@shop.example/{text}", text):
            yield (f"planted_{next(numbers)}", _BEFORE, text, text, text, text, url, None)
    for text in (EMAIL.text, EMAIL.text.replace("@", "%40")):
        yield (text, _BEFORE, None, None, None, None, None, None)
        yield (f"planted_{next(numbers)}", _BEFORE, None, None, None, None, None, text)
    for text in written():
        yield (text[:250], None, None, None, None, None, None, None)


def _events() -> Iterator[tuple[Any, ...]]:
    number = count(1)
    places = (_ACCOUNT, _AGENT, "planted_conversation")
    texts, labels = cycle(written()), cycle(contacts_like_labels())
    for event_type, keys in _PROPERTIES.items():
        for _ in range(200):
            properties = {key: next(labels) if place < 3 else next(texts) for place, key in enumerate(keys)}
            properties["note"] = next(texts)
            yield (f"planted_{next(number)}", event_type, *places, next(texts), properties, _DAY, _DAY)
    for label in contacts_like_labels():
        # A type that nobody knows lands by its name, if that is a label.
        yield (f"planted_{next(number)}", label[:250], *places, next(texts), {}, _DAY, _DAY)
    for text in (EMAIL.text, EMAIL.text.upper(), EMAIL.text.replace("@", "%40")):
        yield (text, "feature_used", *places, text, {"feature": text}, _DAY, _DAY)
        yield (f"planted_{next(number)}", "feature_used", text, text, text, text, {}, _DAY, _DAY)
        yield (f"planted_{next(number)}", "message_sent", text, text, text, text, {"sender": text}, _DAY, _DAY)
    # Rows that are set aside for another reason: their keys must not tell what the rows do not.
    for text in written():
        yield (text[:250], "message_sent", None, None, None, text, {"text": text}, _DAY, _DAY)
        yield (f"planted_{next(number)}", "message_sent", *places, text, json.dumps(text), _DAY, _DAY)
        yield (f"planted_{next(number)}", "feature_used", *places, text, {"feature": text}, "2031-01-01", _DAY)


def _insert(table: str, columns: tuple[str, ...], rows: Iterator[tuple[Any, ...]]) -> str:
    values = ", ".join("(" + ", ".join(map(_literal, row)) + ")" for row in rows)
    return f"insert into {table} ({', '.join(columns)}) values {values}"


def _literal(value: Any) -> str:
    text = json.dumps(value) if isinstance(value, dict) else value
    return "null" if text is None else "'" + str(text).replace("'", "''") + "'"


def planted_in_stripe(state: StripeState) -> StripeState:
    """The same account, with canaries in every field of every object that no list names, and in new objects' labels."""
    texts = cycle(written())
    resources = {name: [_full_of(entry, texts) for entry in entries] for name, entries in state.resources.items()}
    newest = max(int(entry["created"]) for entry in resources["customers"])
    for n, text in enumerate(written(CONTACTS)):
        common = {"created": newest, "livemode": True}
        product = {"id": f"prod_planted{n}", "object": "product", "active": True, **common}
        resources["products"].insert(0, {**product, "metadata": {"plan": text, "revenue_type": text}, "name": text})
    for n, text in enumerate((EMAIL.text, EMAIL.text.upper(), EMAIL.text.replace("@", "%40"))):
        common = {"created": newest, "livemode": True}
        customer = {"id": f"cus_planted{n}", "object": "customer", **common, "metadata": {"account_id": text}}
        resources["customers"].insert(0, customer)
        coupon = {"id": text, "object": "coupon", **common, "percent_off": 10, "duration": "forever", "name": text}
        resources["coupons"].insert(0, coupon)
    return replace(state, resources=resources)


def _full_of(value: Any, texts: Iterator[str]) -> Any:
    if isinstance(value, list):
        return [_full_of(entry, texts) for entry in value]
    if not isinstance(value, dict) or value.get("object") == "list":
        return {**value, "data": _full_of(value["data"], texts)} if isinstance(value, dict) else value
    planted = {name: _full_of(field, texts) for name, field in value.items() if name != "previous_attributes"}
    if "previous_attributes" in value:
        planted["previous_attributes"] = {**value["previous_attributes"], "email": next(texts), "name": next(texts)}
    if "object" in value:
        typed = ("email", "name", "phone", "description", "nickname", "footer", "memo", "statement_descriptor")
        planted |= {field: next(texts) for field in typed if field not in value}
        planted |= {f"customer_{field}": next(texts) for field in ("email", "name", "phone") if field not in value}
        planted["address"] = {"line1": next(texts), "city": next(texts), "postal_code": next(texts)}
        planted["custom_fields"] = [{"name": next(texts), "value": next(texts)}]
        planted["metadata"] = {**(value.get("metadata") or {}), next(texts): next(texts), "note": next(texts)}
    return planted


def plant_in_files(spend: Path, rates: Path) -> None:
    """Canaries in descriptions, vendors, names of campaigns, new columns, and the cells of rows that cannot be read."""
    # A vendor or a plugin may bear anybody's name (docs/privacy.md), but nobody's address or number.
    texts, names = list(written()), list(written(CONTACTS))
    costs = [("date", "channel", "vendor", "description", "amount", "currency", "approved by", PHONE.text)]
    costs += [("2026-03-01", name, name, text, "1.00", "EUR", text, text) for name, text in zip(names, cycle(texts))]
    costs += [("2026-03-01", "seo", LABEL_LIKE.text, "d", "1.00", "EUR", "", "")]
    for text in texts:
        costs += [
            (text, "seo", "v", text, "1", "EUR", text, text),
            ("2026-03-01", "seo", "v", text, text, "EUR", "", ""),
        ]
        costs += [("2026-03-01", "seo", "v", "", "1", text, "", "")]
    _write(spend / "costs_planted.csv", costs)
    (spend / "costs_planted_16.csv").write_text(_rows(costs[:40]), encoding="utf-16")
    header = ["segments.date", "customer.id", "customer.currency_code", "campaign.id", "campaign.name"]
    header += [f"metrics.{name}" for name in ("cost_micros", "clicks", "impressions", "conversions")]
    ads = [[*header, "manager"]]
    for text in texts:
        ads.append(["2026-03-01", text, "EUR", "77", text, "1000000", text, text, text, text])
        ads.append(["2026-03-01", "1", "EUR", text if "@" in text else " " + text, text, "x", "1", "1", "1", text])
    _write(spend / "google_ads_planted.csv", ads)
    plugin = [["date", "slug", "active_installs", "downloads", "by"]]
    plugin += [["2026-03-01", name, "900", "1", text] for name, text in zip(names, cycle(texts))]
    _write(spend / "wordpress_plugin_planted.csv", plugin)
    _write(
        rates / "eurofxref-planted.csv", [["Date", "USD", "Remark"], *(["2026-02-01", text, text] for text in texts)]
    )


def _write(path: Path, rows: list[Any]) -> None:
    path.write_text(_rows(rows), encoding="utf-8")


def _rows(rows: list[Any]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()
