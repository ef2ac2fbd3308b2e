"""A first load is compared by what it landed, whatever the files, and told by ratios of the same round."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.ingestion import SIZES, WAYS, Run, fingerprint, page

_INSTANT = pa.timestamp("us", tz="UTC")
_ROWS = [
    {"id": str(n), "event_type": "lead_captured", "account_id": "a", "agent_id": "g", "conversation_id": None}
    | {"occurred_at": datetime(2026, 1, n + 1, tzinfo=UTC), "received_at": datetime(2026, 1, n + 1, tzinfo=UTC)}
    for n in range(4)
]


def _write(path: Path, rows: list[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = {name: [row[name] for row in rows] for name in _ROWS[0]}
    types = {name: _INSTANT if name.endswith("_at") else pa.string() for name in columns}
    pq.write_table(pa.table({name: pa.array(values, types[name]) for name, values in columns.items()}), path)


def test_fingerprint__is_of_rows_not_of_files(tmp_path: Path) -> None:
    _write(tmp_path / "one" / "events.parquet", _ROWS)
    _write(tmp_path / "many" / "b" / "data.parquet", _ROWS[:1])
    _write(tmp_path / "many" / "a" / "data.parquet", _ROWS[:0:-1])
    assert fingerprint(tmp_path / "one") == fingerprint(tmp_path / "many")


def test_fingerprint__sees_a_row_twice_and_a_value_changed(tmp_path: Path) -> None:
    _write(tmp_path / "one" / "events.parquet", _ROWS)
    _write(tmp_path / "twice" / "events.parquet", [*_ROWS[:3], _ROWS[0]])
    _write(tmp_path / "changed" / "events.parquet", [*_ROWS[:3], _ROWS[3] | {"agent_id": None}])
    prints = [fingerprint(tmp_path / name) for name in ("one", "twice", "changed")]
    assert len({each["hash"] for each in prints}) == 3
    assert {each["rows"] for each in prints} == {4}


def test_page__tells_the_median_of_ratios_of_the_same_round() -> None:
    # A machine that is busy in one round slows both ways of that round.
    walls = {"ours": (10.0, 40.0, 10.0), "copy_rows": (20.0, 80.0, 30.0), "copy_blocks": (10.0, 10.0, 10.0)}
    runs = {
        (way, events): [Run(wall, 5.0, 250.0 + number) for number, wall in enumerate(walls[way])]
        for way in WAYS
        for events in SIZES
    } | {("quiet_night", events): [Run(0.4, 0.3, 100.0)] for events in SIZES}
    text = page(runs, datetime(2026, 11, 22, tzinfo=UTC), 0.1)
    assert "Measured (medians of 3 rounds, the highest memory): 2.00 times, 252 MB and 252 MB, 0.4 s." in text
    assert "| 300,000 | 10.0 | 5.0 | 252 | 2.00 |" in text
