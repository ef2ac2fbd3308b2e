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
from ingestion.privacy import (
    LABEL,
    Kept,
    PseudonymKey,
    keep_labels,
    keep_matching,
    keep_referrer_hosts,
    kept,
    map_distinct,
)
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

_CURRENCY = r"^[A-Za-z]{3}$"
_COUNTRY = r"^[A-Za-z]{2}$"
_AMOUNT = r"^-?[0-9]{1,15}(\.[0-9]{1,12})?$"
_DAYS = r"^[0-9]{1,4}$"
_KEY = rf"^.{{1,{MAX_KEY_LENGTH}}}$"


@dataclass(frozen=True, slots=True)
class Screened:
    """Rows that land, rows that do not (QUARANTINE_SCHEMA), and how many values became NULL, by column."""

    landed: pa.Table
    quarantined: pa.Table
    nulled: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ScreenedBatch:
    """A batch judged as a whole, row for row with what was fetched, to be taken in parts (days)."""

    rows: pa.Table
    keys: pa.Array
    reasons: pa.Array
    lost: Mapping[str, pa.Array]

    def part(self, start: int, length: int, origin: str) -> Screened:
        """`length` rows from `start`; `origin` says where a person finds the quarantined ones again."""
        bad = pc.is_valid(self.reasons.slice(start, length))
        good = pc.invert(bad)
        rejected = [column.slice(start, length).filter(bad) for column in (self.keys, self.reasons)]
        origins = pa.repeat(pa.scalar(origin), len(rejected[0]))
        return Screened(
            landed=self.rows.slice(start, length).filter(good),
            quarantined=pa.table([*rejected, origins], schema=QUARANTINE_SCHEMA),
            nulled={name: pc.and_(lost.slice(start, length), good).true_count for name, lost in self.lost.items()},
        )

    def whole(self, origin: str) -> Screened:
        return self.part(0, self.rows.num_rows, origin)


# A rule: the reason, and for which rows it holds (a boolean array without NULL).
_Rule = tuple[str, pa.Array]


def screen_events(batch: pa.RecordBatch, key: PseudonymKey) -> ScreenedBatch:
    """Judge fetched events; the first rule a row breaks is its reason."""
    rules: list[_Rule] = []
    for column in ("id", "event_type"):
        rules += _key_rules(batch, column)
    unreadable_type = pc.invert(pc.match_substring_regex(batch["event_type"], LABEL))
    rules.append(("event_type is unreadable", pc.fill_null(unreadable_type, False)))
    for column in ("received_at", "occurred_at"):
        rules += _instant_rules(batch, column)
    before_any_server = pc.less(batch["received_at"], pa.scalar(EARLIEST_RECEIVED, batch["received_at"].type))
    rules.append((f"received_at is before {EARLIEST_RECEIVED:%Y-%m-%d}", pc.fill_null(before_any_server, False)))
    in_conversation = pc.is_in(batch["event_type"], pa.array(CONVERSATION_EVENTS))
    of_account = pc.is_in(batch["event_type"], pa.array((*CONVERSATION_EVENTS, *ACCOUNT_EVENTS)))
    for column in CONVERSATION_KEYS:
        needed = of_account if column == "account_id" else in_conversation
        rules += [(reason, pc.and_(needed, broken)) for reason, broken in _key_rules(batch, column)]
    rules += _clock_rules(batch)
    rules.append(("properties is no JSON object", pc.invert(pc.fill_null(batch["has_properties"], False))))
    checked = {
        "is_test": _boolean(batch["is_test"]),
        "is_accurate": _boolean(batch["is_accurate"]),
        "sender": _one_of(batch["sender"], SENDERS),
        "trial_days": _whole_number(batch["trial_days"]),
        "amount": _amount(batch["amount"]),
        "currency": _upper(batch["currency"], _CURRENCY),
        **{column: keep_labels(batch[column]) for column in ("channel", "plan", "feature", "experiment", "variant")},
        # Ids a type does not need may be missing, but not be nonsense.
        **{column: keep_matching(batch[column], _KEY) for column in CONVERSATION_KEYS},
    }
    return _screened(batch, EVENTS, rules, checked, {"visitor_token": key.tokens(batch["visitor_id"])})


def screen_accounts(batch: pa.RecordBatch) -> ScreenedBatch:
    """Judge fetched accounts."""
    rules = [*_key_rules(batch, "id"), *_instant_rules(batch, "created_at")]
    checked = {
        "country": _upper(pc.utf8_trim_whitespace(batch["country"]), _COUNTRY),
        "referrer_host": keep_referrer_hosts(batch["referrer"]),
        "stripe_customer_id": keep_matching(batch["stripe_customer_id"], _KEY),
        "deleted_at": _deletion(batch),
        **{column: keep_labels(batch[column]) for column in ("utm_source", "utm_medium", "utm_campaign")},
    }
    return _screened(batch, ACCOUNTS, rules, checked)


def screen_agents(batch: pa.RecordBatch) -> ScreenedBatch:
    """Judge fetched agents."""
    rules = [*_key_rules(batch, "id"), *_key_rules(batch, "account_id"), *_instant_rules(batch, "created_at")]
    return _screened(batch, AGENTS, rules, {"deleted_at": _deletion(batch)})


def _screened(
    batch: pa.RecordBatch,
    table: TableContract,
    rules: Sequence[_Rule],
    checked: Mapping[str, Kept],
    made: Mapping[str, pa.Array] | None = None,
) -> ScreenedBatch:
    """The table's columns (checked, made here, or as fetched) beside the first reason of each row."""
    columns = {name: column.values for name, column in checked.items()} | dict(made or {})
    arrays = [
        (columns[name] if name in columns else batch[name]).cast(table.schema.field(name).type)
        for name in table.schema.names
    ]
    conditions = pc.make_struct(*(broken for _, broken in rules), field_names=[str(n) for n in range(len(rules))])
    return ScreenedBatch(
        rows=pa.table(arrays, schema=table.schema),
        keys=pc.utf8_slice_codeunits(batch["id"], 0, MAX_KEY_LENGTH),
        reasons=pc.case_when(conditions, *(pa.scalar(reason) for reason, _ in rules)),
        lost={name: column.lost for name, column in checked.items() if column.lost.true_count},
    )


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


def _deletion(batch: pa.RecordBatch) -> Kept:
    """Deleted at infinity means not deleted: NULL, and counted."""
    return Kept(batch["deleted_at"], pc.fill_null(batch["deleted_at_is_infinite"], False))


def _boolean(values: pa.Array) -> Kept:
    present = pc.if_else(pc.equal(values, "null"), None, values)
    known = pc.is_in(present, pa.array(["true", "false"]))
    return kept(present, pc.if_else(known, pc.equal(present, "true"), None))


def _one_of(values: pa.Array, allowed: Sequence[str]) -> Kept:
    return kept(values, pc.if_else(pc.is_in(values, pa.array(allowed)), values, None))


def _whole_number(values: pa.Array) -> Kept:
    column = keep_matching(values, _DAYS)
    return Kept(column.values.cast(pa.int64()), column.lost)


def _amount(values: pa.Array) -> Kept:
    """Decimals as text, without trailing zeros: engines differ in whether they keep those of a JSON number."""
    column = keep_matching(values, _AMOUNT)
    return Kept(map_distinct(column.values, lambda text: f"{Decimal(text).normalize():f}"), column.lost)


def _upper(values: pa.Array, pattern: str) -> Kept:
    column = keep_matching(values, pattern)
    return Kept(pc.ascii_upper(column.values), column.lost)
