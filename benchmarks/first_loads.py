"""One way to get an app's events into Parquet, in a process of its own. Started by `ingestion`.

Belongs here: our own first load and quiet night, and what a person would write by hand instead. Does not: measuring
and judging.

`ours` lands days of events as the nightly job does: look at the tables' shape, select, screen every value, put tokens
in place of visitors, one Parquet file a day, flushed, read back, stamped, committed with its manifest; accounts and
agents too. The other two write what the same SELECT list gives into one Parquet file (zstd) and do nothing else: no
order, no rules, no tokens, no days, no flush, no check. `copy_rows` is psycopg's own reader of `COPY`; `copy_blocks`
hands the server's CSV to Arrow's parser without making a Python object of any value, the fastest we know.
"""

from __future__ import annotations

import io
import sys
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.marks import say
from benchmarks.planted_events import LAST_INSTANT

if TYPE_CHECKING:
    import psycopg
    import pyarrow as pa

BATCH_ROWS = 50_000
BLOCK_BYTES = 4 << 20


def ours(dsn: str, folder: Path) -> None:
    """The first load of an empty lake."""
    _land(dsn, folder, nights_later=0)


def quiet_night(dsn: str, folder: Path) -> None:
    """The same a day later, when nothing new was received: the look-back, and the lake's own checks."""
    _land(dsn, folder, nights_later=1)


def _land(dsn: str, folder: Path, nights_later: int) -> None:
    from ingestion.contract import RunContext
    from ingestion.lake import Lake
    from ingestion.landing import commit
    from ingestion.sources.app import postgres  # noqa: F401 (imports are not what is measured)
    from ingestion.sources.app.extract import AppSource

    instant = LAST_INSTANT + timedelta(days=nights_later)
    run = RunContext(f"night-{nights_later}", instant, lambda: instant + timedelta(hours=1), lambda message: None)
    source = AppSource(dsn, "k1:a secret that only a benchmark knows")
    say("phase", "load")
    lake = Lake(folder)
    for batch in source.stage(lake, run):
        commit(lake, batch)


def copy_rows(dsn: str, folder: Path) -> None:
    """`COPY … TO STDOUT (FORMAT BINARY)`, typed rows by psycopg, record batches by pyarrow."""
    import psycopg
    import pyarrow as pa
    import pyarrow.parquet as pq

    statement = _our_select(dsn)
    say("phase", "load")
    with psycopg.connect(dsn) as connection, connection.cursor() as cursor:
        types, schema = _described(cursor, statement)
        with (
            cursor.copy(f"copy ({statement}) to stdout (format binary)") as copy,
            pq.ParquetWriter(folder / "events.parquet", schema, compression="zstd") as writer,
        ):
            copy.set_types(types)
            rows = copy.rows()
            while batch := list(islice(rows, BATCH_ROWS)):
                columns = zip(zip(*batch, strict=True), schema, strict=True)
                arrays = [pa.array(values, field.type) for values, field in columns]
                writer.write_batch(pa.record_batch(arrays, schema=schema))


def copy_blocks(dsn: str, folder: Path) -> None:
    """`COPY … TO STDOUT (FORMAT CSV)`, blocks of it straight into Arrow's CSV reader."""
    import psycopg
    import pyarrow.csv as pc
    import pyarrow.parquet as pq

    statement = _our_select(dsn)
    say("phase", "load")
    with psycopg.connect(dsn) as connection, connection.cursor() as cursor:
        _, schema = _described(cursor, statement)
        with cursor.copy(f"copy ({statement}) to stdout (format csv)") as copy:
            reader = pc.open_csv(
                io.BufferedReader(_CopyStream(copy), BLOCK_BYTES),
                read_options=pc.ReadOptions(column_names=schema.names, block_size=BLOCK_BYTES),
                convert_options=pc.ConvertOptions(
                    column_types=schema,
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=False,
                    true_values=["t"],
                    false_values=["f"],
                ),
            )
            with reader, pq.ParquetWriter(folder / "events.parquet", schema, compression="zstd") as writer:
                for batch in reader:
                    writer.write_batch(batch)


class _CopyStream(io.RawIOBase):
    """The rows of a COPY as a file that can be read once."""

    def __init__(self, copy: psycopg.Copy) -> None:
        self._blocks = iter(copy)
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = memoryview(next(self._blocks, b""))
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


def _our_select(dsn: str) -> str:
    """Our SELECT list over the whole table, in whatever order the server likes best."""
    from ingestion.sources.app.drift import check_shape
    from ingestion.sources.app.postgres import PostgresReader
    from ingestion.sources.app.select import select_events

    with PostgresReader(dsn) as reader:
        types = check_shape(reader.columns()).types["events"]
    return select_events(types, LAST_INSTANT, LAST_INSTANT).partition("\nwhere ")[0]


def _described(cursor: psycopg.Cursor[Any], statement: str) -> tuple[list[int], pa.Schema]:
    """The server's type of each column, and Arrow's."""
    import pyarrow as pa

    arrow = {16: pa.bool_(), 25: pa.string(), 1184: pa.timestamp("us", tz="UTC")}
    cursor.execute("set timezone = 'UTC'")
    cursor.execute(f"{statement} limit 0")
    assert cursor.description is not None
    columns = [(column.name, column.type_code) for column in cursor.description]
    return [code for _, code in columns], pa.schema([(name, arrow[code]) for name, code in columns])


WAYS = {way.__name__: way for way in (ours, quiet_night, copy_rows, copy_blocks)}


if __name__ == "__main__":
    say("phase", "imports")
    WAYS[sys.argv[1]](sys.argv[2], Path(sys.argv[3]))
    say("end", "")
