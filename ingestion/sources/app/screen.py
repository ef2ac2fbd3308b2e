"""Which fetched rows land, and with which values; the others are set aside with a reason.

Belongs here: METRICS 1.1's rules, a column at a time. Does not: what is fetched (select) or where it goes (staging).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.contract import QUARANTINE_SCHEMA, TableContract
from ingestion.privacy import PseudonymKey, keep_labels, keep_matching, map_distinct, referrer_hosts
from ingestion.sources.app.contract import (
    ACCOUNT_EVENTS,
    ACCOUNTS,
    AGENTS,
    CONVERSATION_EVENTS,
    CONVERSATION_KEYS,
    EVENTS,
    MAX_KEY_LENGTH,
    SENDERS,
)
from ingestion.sources.app.select import EARLIEST_RECEIVED

MAX_AHEAD = timedelta(days=1)
MAX_BEHIND = timedelta(days=366)

_EVENT_TYPE = r"^[A-Za-z0-9_.:/ -]{1,64}$"
_CURRENCY = r"^[A-Za-z]{3}$"
_COUNTRY = r"^[A-Za-z]{2}$"
_AMOUNT = r"^-?[0-9]{1,15}(\.[0-9]{1,12})?$"
_DAYS = r"^[0-9]{1,4}$"
_CUSTOMER = rf"^.{{1,{MAX_KEY_LENGTH}}}$"


@dataclass(frozen=True, slots=True)
class Screened:
    """A batch after screening: rows that land, rows that do not (QUARANTINE_SCHEMA), values that became NULL."""

    landed: pa.Table
    quarantined: pa.Table
    nulled: Mapping[str, int]


# A rule: the reason, and for which rows it holds (a boolean array without NULL).
_Rule = tuple[str, pa.Array]


def screen_events(batch: pa.RecordBatch, key: PseudonymKey, origin: str) -> Screened:
    """Screen fetched events; the first rule a row breaks is its reason."""
    rules: list[_Rule] = []
    for column in ("id", "event_type"):
        rules += _key_rules(batch, column)
    unreadable_type = pc.invert(pc.match_substring_regex(batch["event_type"], _EVENT_TYPE))
    rules.append(("event_type is unreadable", pc.fill_null(unreadable_type, False)))
    for column in ("received_at", "occurred_at"):
        rules += _instant_rules(batch, column)
    earliest = pa.scalar(EARLIEST_RECEIVED, batch["received_at"].type)
    rules.append(
        (
            f"received_at is before {EARLIEST_RECEIVED:%Y-%m-%d}",
            pc.fill_null(pc.less(batch["received_at"], earliest), False),
        )
    )
    in_conversation = pc.is_in(batch["event_type"], pa.array(CONVERSATION_EVENTS))
    of_account = pc.is_in(batch["event_type"], pa.array((*CONVERSATION_EVENTS, *ACCOUNT_EVENTS)))
    for column in CONVERSATION_KEYS:
        needed = of_account if column == "account_id" else in_conversation
        rules += [(reason, pc.and_(needed, broken)) for reason, broken in _key_rules(batch, column)]
    rules += _clock_rules(batch)
    rules.append(("properties is no JSON object", pc.invert(pc.fill_null(batch["has_properties"], False))))

    good, quarantined = _divide(batch, rules, origin)
    values: dict[str, tuple[pa.Array, int]] = {
        "is_test": _boolean(good["is_test"]),
        "is_accurate": _boolean(good["is_accurate"]),
        "sender": _one_of(good["sender"], SENDERS),
        "trial_days": _whole_number(good["trial_days"]),
        "amount": _amount(good["amount"]),
        "currency": _upper(good["currency"], _CURRENCY),
        **{column: keep_labels(good[column]) for column in ("channel", "plan", "feature", "experiment", "variant")},
        # Ids a type does not need may be missing, but not be nonsense.
        **{column: keep_matching(good[column], _CUSTOMER) for column in CONVERSATION_KEYS},
    }
    columns = {name: column for name, (column, _) in values.items()}
    columns["visitor_token"] = key.tokens(good["visitor_id"])
    return Screened(_shape(good, columns, EVENTS), quarantined, {name: nulled for name, (_, nulled) in values.items()})


def screen_accounts(batch: pa.RecordBatch, origin: str) -> Screened:
    rules = [*_key_rules(batch, "id"), *_instant_rules(batch, "created_at")]
    good, quarantined = _divide(batch, rules, origin)
    values: dict[str, tuple[pa.Array, int]] = {
        "country": _upper(pc.utf8_trim_whitespace(good["country"]), _COUNTRY),
        "referrer_host": referrer_hosts(good["referrer"]),
        "stripe_customer_id": keep_matching(good["stripe_customer_id"], _CUSTOMER),
        **{column: keep_labels(good[column]) for column in ("utm_source", "utm_medium", "utm_campaign")},
    }
    columns = {name: column for name, (column, _) in values.items()}
    nulled = {name: count for name, (_, count) in values.items()} | _infinite_deletions(good)
    return Screened(_shape(good, columns, ACCOUNTS), quarantined, nulled)


def screen_agents(batch: pa.RecordBatch, origin: str) -> Screened:
    rules = [*_key_rules(batch, "id"), *_key_rules(batch, "account_id"), *_instant_rules(batch, "created_at")]
    good, quarantined = _divide(batch, rules, origin)
    return Screened(_shape(good, {}, AGENTS), quarantined, _infinite_deletions(good))


def _key_rules(batch: pa.RecordBatch, column: str) -> list[_Rule]:
    values = batch[column]
    blank = pc.equal(pc.utf8_trim_whitespace(values), "")
    long = pc.greater(pc.utf8_length(values), MAX_KEY_LENGTH)
    return [
        (f"{column} is null", pc.is_null(values)),
        (f"{column} is empty", pc.fill_null(blank, False)),
        (f"{column} is longer than {MAX_KEY_LENGTH} characters", pc.fill_null(long, False)),
    ]


def _instant_rules(batch: pa.RecordBatch, column: str) -> list[_Rule]:
    infinite = pc.fill_null(batch[f"{column}_is_infinite"], False)
    return [
        (f"{column} is infinite", infinite),
        (f"{column} is null", pc.and_not(pc.is_null(batch[column]), infinite)),
    ]


def _clock_rules(batch: pa.RecordBatch) -> list[_Rule]:
    ahead = pc.subtract(_microseconds(batch["occurred_at"]), _microseconds(batch["received_at"]))
    too_far = pc.greater(ahead, MAX_AHEAD // timedelta(microseconds=1))
    too_old = pc.less(ahead, -(MAX_BEHIND // timedelta(microseconds=1)))
    return [
        ("occurred_at is more than 1 day ahead of received_at", pc.fill_null(too_far, False)),
        ("occurred_at is more than 366 days behind received_at", pc.fill_null(too_old, False)),
    ]


def _microseconds(instants: pa.Array) -> pa.Array:
    return pc.cast(pc.cast(instants, pa.timestamp("us", tz="UTC")), pa.int64())


def _divide(batch: pa.RecordBatch, rules: Sequence[_Rule], origin: str) -> tuple[pa.RecordBatch, pa.Table]:
    """The rows no rule holds for, and the others as QUARANTINE_SCHEMA with the first reason of each."""
    conditions = pc.make_struct(*(broken for _, broken in rules), field_names=[str(n) for n in range(len(rules))])
    reasons = pc.case_when(conditions, *(pa.scalar(reason) for reason, _ in rules))
    bad = pc.is_valid(reasons)
    keys = pc.utf8_slice_codeunits(batch["id"], 0, MAX_KEY_LENGTH).filter(bad)
    quarantined = pa.table(
        [keys, reasons.filter(bad), pa.repeat(pa.scalar(origin), len(keys))], schema=QUARANTINE_SCHEMA
    )
    return batch.filter(pc.invert(bad)), quarantined


def _shape(batch: pa.RecordBatch, columns: Mapping[str, pa.Array], table: TableContract) -> pa.Table:
    """The table's columns, screened where they were, else as fetched; the cast fails on a retyped column."""
    arrays = [
        (columns[name] if name in columns else batch[name]).cast(table.schema.field(name).type)
        for name in table.schema.names
    ]
    return pa.table(arrays, schema=table.schema)


def _infinite_deletions(batch: pa.RecordBatch) -> dict[str, int]:
    """Deleted at infinity means not deleted: NULL, and counted."""
    return {"deleted_at": pc.sum(pc.fill_null(batch["deleted_at_is_infinite"], False)).as_py() or 0}


def _json_null_as_missing(values: pa.Array) -> pa.Array:
    return pc.if_else(pc.equal(values, "null"), None, values)


def _boolean(values: pa.Array) -> tuple[pa.Array, int]:
    present = _json_null_as_missing(values)
    known = pc.is_in(present, pa.array(["true", "false"]))
    booleans = pc.if_else(known, pc.equal(present, "true"), None)
    return booleans, booleans.null_count - present.null_count


def _one_of(values: pa.Array, allowed: Sequence[str]) -> tuple[pa.Array, int]:
    kept = pc.if_else(pc.is_in(values, pa.array(allowed)), values, None)
    return kept, kept.null_count - values.null_count


def _whole_number(values: pa.Array) -> tuple[pa.Array, int]:
    kept, nulled = keep_matching(values, _DAYS)
    return kept.cast(pa.int64()), nulled


def _amount(values: pa.Array) -> tuple[pa.Array, int]:
    """Decimals as text, without trailing zeros: engines differ in whether they keep those of a JSON number."""
    kept, nulled = keep_matching(values, _AMOUNT)
    return map_distinct(kept, lambda text: f"{Decimal(text).normalize():f}"), nulled


def _upper(values: pa.Array, pattern: str) -> tuple[pa.Array, int]:
    kept, nulled = keep_matching(values, pattern)
    return pc.ascii_upper(kept), nulled
