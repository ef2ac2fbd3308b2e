"""The proof after an erasure: every word of every file of the data directory, compared with the ledger.

Files are decoded, not searched as bytes: Parquet, DuckDB and SQLite by their values, what is packed unpacked; the bytes
of each file besides, for what a database has freed but not overwritten.

Belongs here: reading files and recognising the erased in them. Does not: what is done about it (the command).
"""

from __future__ import annotations

import gzip
import re
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from orchestration.failures import RunFailedError
from orchestration.lib.paths import DataLayout
from serving.quoting import identifier

if TYPE_CHECKING:
    from ingestion.erasure.subjects import ErasedSubjects

# Shorter ones, and short numbers, stand in any file by chance.
SHORTEST = 6
SHORTEST_NUMBER = 12
LONGEST = 255
_CHUNK = 1 << 22
_WORD = re.compile(rf"[A-Za-z0-9_.:+@-]{{{SHORTEST},{LONGEST}}}")
_PARTS = re.compile(r"[.:@+]")
# Forms are known by their first bytes: what a kill leaves has other names (`.next`, `.copy`).
_PARQUET = b"PAR1"
_DUCKDB = slice(8, 12), b"DUCK"
_SQLITE = b"SQLite format 3\x00"
_GZIP = b"\x1f\x8b"


def find_erased(layout: DataLayout, subjects: ErasedSubjects, typed: Iterable[str] = ()) -> list[Path]:
    """Files under the data directory in which somebody erased is still named, in the order of their paths.

    typed: ids as a person gave them, looked for as text where they are no single word. The ledger's own folder is left
    out, and what the sample company's sources hold: erasing there is the app's own business.

    Raises:
        RunFailedError: a file has a form that is searched by its values, and cannot be read; the message names it.
    """
    left_out = {layout.erasures, layout.sample}
    phrases = [text for text in typed if len(text) >= SHORTEST and not _WORD.fullmatch(text)]
    return [
        path
        for path in sorted(layout.root.rglob("*"))
        if path.is_file() and not path.is_symlink() and left_out.isdisjoint(path.parents)
        if _is_named_in(path, subjects, phrases)
    ]


def _is_named_in(path: Path, subjects: ErasedSubjects, phrases: list[str]) -> bool:
    import pyarrow as pa

    try:
        return any(_names_one(texts, subjects, phrases) for texts in _texts(path))
    except FileNotFoundError:
        # Somebody at work beside us has removed it: nothing is left in it.
        return False
    except (OSError, EOFError, zlib.error, duckdb.Error, sqlite3.Error, pa.ArrowException) as error:
        reason = " ".join(str(error).split())
        raise RunFailedError(
            f"{path} cannot be searched for those who were erased ({reason}). Close what has it open, or remove it if "
            "it is damaged, then give the same command again: it goes on from here"
        ) from error


def _names_one(texts: Sequence[str], subjects: ErasedSubjects, phrases: list[str]) -> bool:
    # Whole, for an id may hold what parts words.
    words = {text for text in texts if SHORTEST <= len(text) <= LONGEST}
    for word in set(_WORD.findall("\n".join(texts))):
        words.add(word)
        # `re_1:recurring` and `stripe:cus_1` hold an id each.
        words.update(part for part in _PARTS.split(word) if len(part) >= SHORTEST)
    telling = (word for word in words if len(word) >= SHORTEST_NUMBER or not word.isdigit())
    return subjects.names_one(telling) or any(phrase in text for phrase in phrases for text in texts)


def _texts(path: Path) -> Iterator[Sequence[str]]:
    """What stands in a file, in pieces: its values where it has a form we can read, and its bytes as they are."""
    with path.open("rb") as file:
        beginning = file.read(len(_SQLITE))
    where, duckdbs = _DUCKDB
    if beginning.startswith(_PARQUET):
        yield from _parquet(path)
    elif beginning[where] == duckdbs:
        with duckdb.connect(str(path), read_only=True) as connection:
            tables = connection.execute("select schema_name, table_name from duckdb_tables() order by all").fetchall()
            for schema, table in tables:
                yield from _table(connection, f"{identifier(schema)}.{identifier(table)}")
    elif beginning == _SQLITE:
        yield from _sqlite(path)
    with gzip.open(path, "rb") if beginning.startswith(_GZIP) else path.open("rb") as file:
        rest = b""
        while chunk := file.read(_CHUNK):
            yield [(rest + chunk).decode("utf-8", errors="replace")]
            # A word may be cut where a chunk ends.
            rest = chunk[-LONGEST:]


def _parquet(path: Path) -> Iterator[Sequence[str]]:
    """The distinct texts of each column, a row group at a time: thousands of small files are read by it."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        for number in range(file.num_row_groups):
            for column in file.read_row_group(number).columns:
                if pa.types.is_string(column.type):
                    yield [value for value in pc.unique(column).to_pylist() if value is not None]


def _table(connection: duckdb.DuckDBPyConnection, relation: str) -> Iterator[Sequence[str]]:
    """The distinct values of each column, as text; of numbers and lists too, but one text for all, for no id is one."""
    described = connection.execute(f"describe select * from {relation}").fetchall()
    for name, kind in [(row[0], row[1]) for row in described]:
        values = connection.execute(f"select distinct cast({identifier(name)} as varchar) from {relation}")
        while rows := values.fetchmany(50_000):
            texts = [value for (value,) in rows if value is not None]
            yield texts if kind == "VARCHAR" else ["\n".join(texts)]


def _sqlite(path: Path) -> Iterator[Sequence[str]]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        connection.text_factory = lambda raw: raw.decode("utf-8", errors="replace")
        names = connection.execute("select name from sqlite_master where type = 'table' order by 1").fetchall()
        for (name,) in names:
            for row in connection.execute(f'select * from "{name}"'):
                values = (value.decode("utf-8", "replace") if isinstance(value, bytes) else value for value in row)
                yield [str(value) for value in values if value is not None]
