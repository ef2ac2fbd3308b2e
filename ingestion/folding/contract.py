"""What stays of days of events that have left: `raw_folded`, its tables and columns.

Belongs here: the tables as data. Does not: what the sums mean (dbt's `int_folds__*`), or when a day leaves
(orchestration).
"""

from __future__ import annotations

import pyarrow as pa

from ingestion.contract import INSTANT, TableContract

SOURCE = "folded"
PARTITION_KEY = "received_date"


def _table(name: str, window: str, key: tuple[str, ...], columns: list[tuple[str, pa.DataType]]) -> TableContract:
    return TableContract(SOURCE, name, PARTITION_KEY, pa.schema(columns), key, window)


# Landed last: a day without it has not left, whatever else lies in the lake.
DAYS = _table(
    "days",
    "one day of events",
    (),
    [("quarantined_row_count", pa.int64()), ("reporting_timezone", pa.string()), ("quality_weights", pa.string())],
)
AGENT_DAYS = _table(
    "agent_days",
    "the conversations that leave with a day of events",
    (),
    [
        ("agent_id", pa.string()),
        ("account_id", pa.string()),
        ("activity_date", pa.date32()),
        ("conversation_count", pa.int64()),
        ("message_count", pa.int64()),
        ("lead_count", pa.int64()),
        ("rated_response_count", pa.int64()),
        ("accurate_response_count", pa.int64()),
        ("quality_score_tenths", pa.int64()),
        ("first_started_at", INSTANT),
    ],
)
TRIAL_EVENTS = _table(
    "trial_events",
    "the counted events of trials that leave with a day of events",
    ("event_id",),
    [
        ("event_id", pa.string()),
        ("event_type", pa.string()),
        ("account_id", pa.string()),
        ("occurred_at", INSTANT),
        ("received_at", INSTANT),
        ("trial_days", pa.int64()),
    ],
)
EVENT_COUNTS = _table(
    "event_counts",
    "every delivery of one day of events",
    (),
    [("account_id", pa.string()), ("reason", pa.string()), ("event_count", pa.int64())],
)
# Of a day that stays: what is counted with a conversation that has left, or sent again of an event that has.
DELIVERIES = _table(
    "deliveries",
    "the deliveries of one day of events that folds have counted",
    ("event_id",),
    [
        ("event_id", pa.string()),
        ("conversation_id", pa.string()),
        ("account_id", pa.string()),
        ("reason", pa.string()),
        ("folded_date", pa.string()),
    ],
)

TABLES: tuple[TableContract, ...] = (DAYS, AGENT_DAYS, TRIAL_EVENTS, EVENT_COUNTS, DELIVERIES)
