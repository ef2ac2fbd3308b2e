"""Which fetched rows land, and with which values; the others are set aside with a reason.

Belongs here: METRICS 1.1's rules, a column at a time. Does not: what is fetched (select) or where it goes (staging).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.contract import QUARANTINE_SCHEMA, TableContract
from ingestion.privacy import (
    Kept,
    PseudonymKey,
    keep_labels,
    keep_matching,
    keep_referrer_hosts,
    kept,
    map_distinct,
    showable_key,
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
    UNREADABLE,
)
from ingestion.sources.app.select import EARLIEST_RECEIVED

MAX_AHEAD = timedelta(days=1)
MAX_BEHIND = timedelta(days=366)

_CURRENCY = r"^[A-Za-z]{3}$"
_COUNTRY = r"^[A-Za-z]{2}$"
# Nobody pays a trillion, and nobody pays less than nothing to convert.
_AMOUNT = r"^[0-9]{1,12}(\.[0-9]{1,12})?$"
_DAYS = r"^[0-9]{1,4}$"
_KEY = rf"^.{{1,{MAX_KEY_LENGTH}}}$"
# An id is whatever the app made; that it made one out of an e-mail address can be seen, as gate 1 sees it.
_AT_SIGN = r"@|%40|\\u0040"
_ADDRESS = rf"[A-Za-z0-9._%+-]+({_AT_SIGN})[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{{2,}}"


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
        rows, reasons = self.rows.slice(start, length), self.reasons.slice(start, length)
        lost = {name: column.slice(start, length) for name, column in self.lost.items()}
        if reasons.null_count == length:
            return Screened(rows, QUARANTINE_SCHEMA.empty_table(), {name: lost[name].true_count for name in lost})
        bad = pc.is_valid(reasons)
        good = pc.invert(bad)
        keys = map_distinct(self.keys.slice(start, length).filter(bad), showable_key)
        origins = pa.repeat(pa.scalar(origin), len(keys))
        return Screened(
            landed=rows.filter(good),
            quarantined=pa.table([keys, reasons.filter(bad), origins], schema=QUARANTINE_SCHEMA),
            nulled={name: pc.and_(column, good).true_count for name, column in lost.items()},
        )

    def whole(self, origin: str) -> Screened:
        return self.part(0, self.rows.num_rows, origin)


# A rule: the reason, and for which rows it holds (a boolean array without NULL).
_Rule = tuple[str, pa.Array]


@dataclass(frozen=True, slots=True)
class _Judged:
    """A column that may land: its values, and where it lost one (None: nowhere)."""

    values: pa.Array
    lost: pa.Array | None = None


def screen_events(batch: pa.RecordBatch, key: PseudonymKey, from_future: datetime) -> ScreenedBatch:
    """Judge fetched events; the first rule a row breaks is its reason.

    `from_future`: a `received_at` from then on is no server's clock, and waits in quarantine until it has come.
    """
    rules = [*_key_rules(batch, "id"), *_text_rules(batch, "event_type")]
    rules.append(("event_type is unreadable", _where(batch["event_type"], _is_no_label)))
    rules += _instant_rules(batch, "received_at")
    rules += _server_clock_rules(batch["received_at"], from_future)
    rules += _instant_rules(batch, "occurred_at")
    in_conversation = _where(batch["event_type"], lambda types: pc.is_in(types, pa.array(CONVERSATION_EVENTS)))
    of_account = _where(batch["event_type"], lambda types: pc.is_in(types, pa.array(ACCOUNT_EVENTS)))
    for column in CONVERSATION_KEYS:
        needed = pc.or_(in_conversation, of_account) if column == "account_id" else in_conversation
        rules += [(reason, pc.and_(needed, broken)) for reason, broken in _key_rules(batch, column)]
    rules += _clock_rules(batch)
    rules.append(("properties is no JSON object", _flag(batch["has_no_properties"])))
    checked = {
        "is_test": _distinct(batch["is_test"], _boolean),
        "is_accurate": _distinct(batch["is_accurate"], _boolean),
        "sender": _distinct(batch["sender"], _sender),
        "trial_days": _distinct(batch["trial_days"], _whole_number),
        "amount": _distinct(batch["amount"], _amount),
        "currency": _distinct(batch["currency"], _currency),
        **{
            column: _distinct(batch[column], keep_labels)
            for column in ("channel", "plan", "feature", "experiment", "variant")
        },
        # Ids a type does not need may be missing, but not be nonsense.
        **{column: _distinct(batch[column], _key) for column in CONVERSATION_KEYS},
        "visitor_token": _Judged(key.tokens(batch["visitor_id"])),
    }
    return _screened(batch, EVENTS, rules, checked)


def screen_accounts(batch: pa.RecordBatch) -> ScreenedBatch:
    """Judge fetched accounts."""
    rules = [*_key_rules(batch, "id"), *_instant_rules(batch, "created_at")]
    checked = {
        "country": _distinct(batch["country"], _country),
        "referrer_host": _distinct(batch["referrer"], keep_referrer_hosts),
        "stripe_customer_id": _distinct(batch["stripe_customer_id"], _key),
        "deleted_at": _deletion(batch),
        **{column: _distinct(batch[column], keep_labels) for column in ("utm_source", "utm_medium", "utm_campaign")},
    }
    return _screened(batch, ACCOUNTS, rules, checked)


def screen_agents(batch: pa.RecordBatch) -> ScreenedBatch:
    """Judge fetched agents."""
    rules = [*_key_rules(batch, "id"), *_key_rules(batch, "account_id"), *_instant_rules(batch, "created_at")]
    return _screened(batch, AGENTS, rules, {"deleted_at": _deletion(batch)})


def _screened(
    batch: pa.RecordBatch, table: TableContract, rules: Sequence[_Rule], checked: Mapping[str, _Judged]
) -> ScreenedBatch:
    """The table's columns (checked, or as fetched) beside the first reason of each row."""
    arrays = [
        (checked[name].values if name in checked else batch[name]).cast(table.schema.field(name).type)
        for name in table.schema.names
    ]
    return ScreenedBatch(
        rows=pa.table(arrays, schema=table.schema),
        keys=batch["id"],
        reasons=_first_reasons(batch.num_rows, [rule for rule in rules if rule[1].true_count]),
        lost={name: column.lost for name, column in checked.items() if column.lost is not None},
    )


def _first_reasons(rows: int, broken: Sequence[_Rule]) -> pa.Array:
    if not broken:
        return pa.nulls(rows, pa.string())
    conditions = pc.make_struct(*(where for _, where in broken), field_names=[str(n) for n in range(len(broken))])
    return pc.case_when(conditions, *(pa.scalar(reason) for reason, _ in broken))


def _where(values: pa.Array, judge: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """For which rows `judge` says true of the value; it is asked once for each distinct value, and never for NULL."""
    coded = pc.dictionary_encode(values)
    return pc.fill_null(pc.fill_null(judge(coded.dictionary), False).take(coded.indices), False)


def _distinct(values: pa.Array, check: Callable[[pa.Array], Kept]) -> _Judged:
    """A text column after its border check, which is made once for each distinct value."""
    coded = pc.dictionary_encode(values)
    judged = check(coded.dictionary)
    unchanged = judged.values.equals(coded.dictionary)
    return _Judged(
        values if unchanged else judged.values.take(coded.indices),
        pc.fill_null(judged.lost.take(coded.indices), False) if judged.lost.true_count else None,
    )


def _key_rules(batch: pa.RecordBatch, column: str) -> list[_Rule]:
    rules = _text_rules(batch, column)
    if pc.any(pc.match_substring_regex(batch[column], _AT_SIGN)).as_py():
        rules.append((f"{column} reads like an e-mail address", _where(batch[column], _is_address)))
    return rules


def _text_rules(batch: pa.RecordBatch, column: str) -> list[_Rule]:
    values = batch[column]
    rules = [(f"{column} is null", pc.is_null(values))]
    # One pass for all: hardly ever is a key anything but a key.
    if _where(values, _is_no_key).true_count:
        rules += [
            (f"{column} is empty", _where(values, lambda keys: pc.equal(pc.utf8_trim_whitespace(keys), ""))),
            (
                f"{column} is longer than {MAX_KEY_LENGTH} characters",
                _where(values, lambda keys: pc.greater(pc.utf8_length(keys), MAX_KEY_LENGTH)),
            ),
            (f"{column} is not UTF-8", _where(values, lambda keys: pc.match_substring(keys, UNREADABLE))),
        ]
    return rules


def _is_no_key(keys: pa.Array) -> pa.Array:
    long = pc.greater(pc.binary_length(keys), MAX_KEY_LENGTH)
    blank = pc.equal(pc.utf8_trim_whitespace(keys), "")
    return pc.or_(pc.or_(long, blank), pc.match_substring(keys, UNREADABLE))


def _is_address(keys: pa.Array) -> pa.Array:
    return pc.match_substring_regex(keys, _ADDRESS)


def _is_no_label(labels: pa.Array) -> pa.Array:
    return keep_labels(labels).lost


def _instant_rules(batch: pa.RecordBatch, column: str) -> list[_Rule]:
    infinite = _flag(batch[f"{column}_is_infinite"])
    return [
        (f"{column} is infinite", infinite),
        (f"{column} is null", pc.and_not(pc.is_null(batch[column]), infinite)),
    ]


def _flag(values: pa.Array) -> pa.Array:
    """What is flagged is true, all else NULL."""
    return pc.fill_null(values, False)


def _server_clock_rules(received: pa.Array, from_future: datetime) -> list[_Rule]:
    too_early = pc.less(received, pa.scalar(EARLIEST_RECEIVED, received.type))
    too_late = pc.greater_equal(received, pa.scalar(from_future, received.type))
    return [
        (f"received_at is before {EARLIEST_RECEIVED:%Y-%m-%d}", pc.fill_null(too_early, False)),
        ("received_at is more than 1 day ahead of now", pc.fill_null(too_late, False)),
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


def _deletion(batch: pa.RecordBatch) -> _Judged:
    """Deleted at infinity means not deleted: NULL, and counted."""
    infinite = _flag(batch["deleted_at_is_infinite"])
    return _Judged(batch["deleted_at"], infinite if infinite.true_count else None)


def _boolean(values: pa.Array) -> Kept:
    present = pc.if_else(pc.equal(values, "null"), None, values)
    known = pc.is_in(present, pa.array(["true", "false"]))
    return kept(present, pc.if_else(known, pc.equal(present, "true"), None))


def _sender(values: pa.Array) -> Kept:
    return kept(values, pc.if_else(pc.is_in(values, pa.array(SENDERS)), values, None))


def _whole_number(values: pa.Array) -> Kept:
    column = keep_matching(values, _DAYS)
    return Kept(column.values.cast(pa.int64()), column.lost)


def _amount(values: pa.Array) -> Kept:
    """Decimals as text, without trailing zeros: engines differ in whether they keep those of a JSON number."""
    column = keep_matching(values, _AMOUNT)
    return Kept(map_distinct(column.values, lambda text: f"{Decimal(text).normalize():f}"), column.lost)


def _currency(values: pa.Array) -> Kept:
    return _upper(values, _CURRENCY)


def _country(values: pa.Array) -> Kept:
    return _upper(pc.utf8_trim_whitespace(values), _COUNTRY)


def _key(values: pa.Array) -> Kept:
    return keep_matching(values, _KEY, forbidden=f"{UNREADABLE}|{_ADDRESS}")


def _upper(values: pa.Array, pattern: str) -> Kept:
    column = keep_matching(values, pattern)
    return Kept(pc.ascii_upper(column.values), column.lost)
