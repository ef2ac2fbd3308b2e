"""Files into the pieces of bytes that they hold, by what they are and not by how they are named.

Belongs here: opening Parquet, Arrow, DuckDB, SQLite and archives. Does not: understanding what a piece says (decoding).

Every file is also given as it is, byte for byte: names, pickles, logs, HTML, JSON, and what was deleted from a database
and is still in its file.
"""

from __future__ import annotations

import bz2
import codecs
import contextlib
import gzip
import io
import sqlite3
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq

# A place within a file, and what stands there.
Piece = tuple[str, bytes]

_ROWS = 2_000
_COMMENTS = (
    "select comment from duckdb_tables() union all select comment from duckdb_views() union all "
    "select comment from duckdb_columns() union all select sql from duckdb_views() union all "
    "select comment from duckdb_schemas() union all select sql from duckdb_indexes()"
)


def pieces(path: Path) -> Iterator[Piece]:
    """All that a file holds. A file of a known kind that cannot be opened raises what its library raises."""
    data = path.read_bytes()
    yield from _of_bytes(data)
    if data[8:12] == b"DUCK":
        yield from _of_duckdb(path)
    elif data.startswith(b"SQLite format 3\0"):
        yield from _of_sqlite(path)


def _of_bytes(data: bytes) -> Iterator[Piece]:
    yield "", data
    if data[:4] == b"PAR1" and data[-4:] == b"PAR1":
        yield from _of_parquet(data)
    elif data.startswith((b"ARROW1", b"\xff\xff\xff\xff")):
        yield from _of_arrow(data)
    elif data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        yield "as text", data.decode("utf-16", "replace").encode()
    elif zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                yield from _inside(name, archive.read(name))
    elif (unpacked := _decompressed(data)) is not None:
        yield from _inside("unpacked", unpacked)
    elif data[257:262] == b"ustar":
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            for member in archive:
                file = archive.extractfile(member)
                yield from _inside(member.name, file.read() if file is not None else b"")


def _inside(name: str, data: bytes) -> Iterator[Piece]:
    yield f"{name} (its name)", name.encode()
    for place, piece in _of_bytes(data):
        yield f"{name}/{place}" if place else name, piece


def _decompressed(data: bytes) -> bytes | None:
    if data.startswith(b"\x1f\x8b"):
        return gzip.decompress(data)
    if data.startswith(b"BZh"):
        return bz2.decompress(data)
    if data[:1] == b"\x78":
        with contextlib.suppress(zlib.error):
            return zlib.decompress(data)
    return None


def _of_parquet(data: bytes) -> Iterator[Piece]:
    with pq.ParquetFile(io.BytesIO(data)) as file:
        texts = [field.name for field in file.schema_arrow if pa.types.is_string(field.type)]
        yield "metadata", repr((file.schema_arrow.metadata, file.schema_arrow, file.metadata.metadata)).encode()
        for group in range(file.metadata.num_row_groups):
            columns = (file.metadata.row_group(group).column(n) for n in range(file.metadata.num_columns))
            yield "statistics", repr([_bounds(column.statistics) for column in columns]).encode()
    # As dictionaries, so that pages hold what no row refers to any more, too.
    with pq.ParquetFile(io.BytesIO(data), read_dictionary=texts) as file:
        for batch in file.iter_batches(_ROWS):
            yield from _of_batch(batch)


def _bounds(statistics: Any) -> Any:
    return (statistics.min, statistics.max) if statistics is not None and statistics.has_min_max else None


def _of_arrow(data: bytes) -> Iterator[Piece]:
    opened = pa.ipc.open_file if data.startswith(b"ARROW1") else pa.ipc.open_stream
    with opened(pa.py_buffer(data)) as reader:
        yield "metadata", repr((reader.schema, reader.schema.metadata)).encode()
        for batch in reader.read_all().to_batches():
            yield from _of_batch(batch)


def _of_batch(batch: pa.RecordBatch) -> Iterator[Piece]:
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        if pa.types.is_dictionary(column.type):
            yield name, _joined(column.dictionary.to_pylist())
        yield name, _joined(column.to_pylist())


def _joined(values: list[Any]) -> bytes:
    """Distinct values one after the other; nested ones with everything in them."""
    return b"\n".join(dict.fromkeys(_flat(value) for value in values if value is not None))


def _flat(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value + b"\n" + (_decompressed(value) or b"")
    if isinstance(value, dict):
        return b"\n".join(_flat(part) for pair in value.items() for part in pair if part is not None)
    if isinstance(value, list | tuple):
        return b"\n".join(_flat(part) for part in value if part is not None)
    return str(value).encode("utf-8", "surrogateescape")


def _of_duckdb(path: Path) -> Iterator[Piece]:
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        yield "comments and views", _joined([row[0] for row in connection.execute(_COMMENTS).fetchall()])
        tables = connection.execute(
            "select table_schema, table_name from information_schema.tables order by all"
        ).fetchall()
        for schema, name in tables:
            table = f"{schema}.{name}"
            yield f"{table} (its name)", table.encode()
            for batch in connection.execute(f'select * from "{schema}"."{name}"').to_arrow_reader(_ROWS):
                yield from ((f"{table}.{column}", piece) for column, piece in _of_batch(batch))


def _of_sqlite(path: Path) -> Iterator[Piece]:
    # Not immutable: what is still in the write-ahead log belongs to it.
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        connection.text_factory = bytes
        for (name,) in connection.execute("select name from sqlite_master where type = 'table'").fetchall():
            table = name.decode()
            rows = connection.execute(f'select * from "{table}"')
            while held := rows.fetchmany(_ROWS):
                for (column, *_), values in zip(rows.description, zip(*held, strict=True), strict=True):
                    yield f"{table}.{column}", _joined(list(values))
