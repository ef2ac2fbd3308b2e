"""The scanner proves itself first: every canary in every container and encoding is found, and nothing in clean ones."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import pickle
import sqlite3
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import duckdb
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest
import yaml

from tests.privacy.canaries import CANARIES, DISGUISES, ENCODINGS, LABEL_LIKE
from tests.privacy.decoding import kinds_in
from tests.privacy.scanner import Finding, scan

EVERY_KIND = {canary.kind for canary in CANARIES}
ALL_ENCODINGS = {**ENCODINGS, **DISGUISES}


def _log(folder: Path, texts: list[str]) -> None:
    lines = [f"2026-03-12 03:00:00 WARNING source: {text} was refused" for text in texts]
    (folder / "run.log").write_text("\n".join(lines), encoding="utf-8")


def _large(texts: list[str]) -> list[str]:
    """The texts among so many others that a file of them is not small."""
    return [*(f"label {number}" for number in range(3_000)), *texts]


def _log_with_a_zero_byte(folder: Path, texts: list[str]) -> None:
    (folder / "run.log").write_bytes(b"\0" + "\n".join(_large(texts)).encode())


def _large_utf_16(folder: Path, texts: list[str]) -> None:
    _utf_16(folder, _large(texts))


def _utf_16(folder: Path, texts: list[str]) -> None:
    (folder / "export.csv").write_text("\n".join(texts), encoding="utf-16")


def _utf_16_big_endian(folder: Path, texts: list[str]) -> None:
    (folder / "odd.bin").write_bytes(b"\x01" + "\n".join(texts).encode("utf-16-be"))


def _json(folder: Path, texts: list[str]) -> None:
    inner = json.dumps({"event": [{"message": text} for text in texts]})
    (folder / "events.json").write_text(json.dumps({"rows": [inner]}), encoding="utf-8")


def _yaml(folder: Path, texts: list[str]) -> None:
    (folder / "a.yaml").write_text(yaml.safe_dump({"values": texts}, width=20), encoding="utf-8")


def _html(folder: Path, texts: list[str]) -> None:
    from html import escape

    cells = "".join(f"<td class='x'>{escape(text)}</td>" for text in texts)
    (folder / "docs.html").write_text(f"<table><tr>{cells}</tr></table>", encoding="utf-8")


def _parquet_text(folder: Path, texts: list[str]) -> None:
    pq.write_table(pa.table({"id": range(len(texts)), "value": texts}), folder / "a.parquet", compression="zstd")


def _parquet_nested(folder: Path, texts: list[str]) -> None:
    table = pa.table({"value": pa.array([[{"inner": {"text": text}}] for text in texts])})
    pq.write_table(table, folder / "a.parquet", compression="zstd")


def _parquet_binary(folder: Path, texts: list[str]) -> None:
    values = pa.array([zlib.compress(text.encode()) for text in texts], pa.binary())
    pq.write_table(pa.table({"value": values}), folder / "a.parquet", compression="zstd")


def _parquet_dictionary(folder: Path, texts: list[str]) -> None:
    """Values that stand in the dictionary alone: no row refers to them."""
    values = pa.DictionaryArray.from_arrays(pa.array([0, 0], pa.int32()), pa.array(["nothing", *texts]))
    schema = pa.schema([("value", values.type)])
    pq.write_table(pa.table([values], schema=schema), folder / "a.parquet", compression="zstd")


def _parquet_metadata(folder: Path, texts: list[str]) -> None:
    table = pa.table({"value": [1]}).replace_schema_metadata({"note": json.dumps(texts)})
    pq.write_table(table, folder / "a.parquet", compression="zstd")


def _arrow_stream(folder: Path, texts: list[str]) -> None:
    table = pa.table({"value": texts})
    with pa.ipc.new_stream(
        folder / "a.arrows", table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")
    ) as out:
        out.write_table(table)


def _arrow_file(folder: Path, texts: list[str]) -> None:
    table = pa.table({"value": texts})
    with pa.ipc.new_file(folder / "a.arrow", table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as out:
        out.write_table(table)


def _duckdb_table(folder: Path, texts: list[str]) -> None:
    with duckdb.connect(str(folder / "a.duckdb")) as connection:
        connection.execute("create schema inner_room")
        connection.execute("create table inner_room.t as select unnest($texts) as value", {"texts": texts})
        connection.execute("create view main.v as select count(*) as n from inner_room.t")


def _duckdb_comment(folder: Path, texts: list[str]) -> None:
    with duckdb.connect(str(folder / "a.duckdb")) as connection:
        connection.execute("create table t (n integer)")
        quoted = " ".join(texts).replace("'", "''")
        connection.execute(f"comment on column t.n is '{quoted}'")


def _duckdb_deleted(folder: Path, texts: list[str]) -> None:
    with duckdb.connect(str(folder / "a.duckdb")) as connection:
        connection.execute("create table t as select unnest($texts) as value", {"texts": texts})
        connection.execute("checkpoint")
        # What comes after it in the file stays, so that the file is not cut.
        connection.execute("create table kept as select range as n from range(100_000)")
        connection.execute("checkpoint")
        connection.execute("drop table t")
        connection.execute("checkpoint")
        assert connection.execute("select table_name from duckdb_tables()").fetchall() == [("kept",)]


def _duckdb_type(folder: Path, texts: list[str]) -> None:
    """Values of a type: no row need have one of them."""
    with duckdb.connect(str(folder / "a.duckdb")) as connection:
        names = ", ".join("'" + text.replace("'", "''") + "'" for text in dict.fromkeys(texts))
        connection.execute(f"create type state as enum ({names})")
        connection.execute("create table t (value state)")


def _sqlite_text(folder: Path, texts: list[str]) -> None:
    with contextlib.closing(sqlite3.connect(folder / "a.db")) as connection, connection:
        connection.execute("create table t (value text)")
        connection.executemany("insert into t values (?)", [(text,) for text in texts])


def _sqlite_blob(folder: Path, texts: list[str]) -> None:
    with contextlib.closing(sqlite3.connect(folder / "a.db")) as connection, connection:
        connection.execute("create table t (value blob)")
        connection.executemany("insert into t values (?)", [(zlib.compress(text.encode()),) for text in texts])


def _sqlite_log(folder: Path, texts: list[str]) -> None:
    """What a killed process leaves: rows that are in the write-ahead log only."""
    kept = folder.parent / f"{folder.name}-live"
    kept.mkdir()
    with contextlib.closing(sqlite3.connect(kept / "a.db")) as connection:
        connection.execute("pragma journal_mode = wal")
        connection.execute("create table t (value text)")
        connection.executemany("insert into t values (?)", [(text,) for text in texts])
        connection.commit()
        for suffix in ("", "-wal"):
            (folder / f"a.db{suffix}").write_bytes((kept / f"a.db{suffix}").read_bytes())


def _gzip(folder: Path, texts: list[str]) -> None:
    (folder / "a.json.gz").write_bytes(gzip.compress(json.dumps(texts).encode()))


def _zip_in_zip(folder: Path, texts: list[str]) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", "\n".join(texts))
    with zipfile.ZipFile(folder / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.zip", inner.getvalue())


def _tar(folder: Path, texts: list[str]) -> None:
    content = gzip.compress("\n".join(texts).encode())
    with tarfile.open(folder / "a.tar.gz", "w:gz") as archive:
        member = tarfile.TarInfo("a.gz")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))


def _pickle(folder: Path, texts: list[str]) -> None:
    (folder / "graph.gpickle").write_bytes(pickle.dumps({"texts": texts}))


def _large_pickle(folder: Path, texts: list[str]) -> None:
    (folder / "graph.gpickle").write_bytes(pickle.dumps({"sizes": [0.0] * 2_000, "texts": _large(texts)}))


CONTAINERS: Mapping[str, Callable[[Path, list[str]], None]] = MappingProxyType(
    {
        "log": _log,
        "log with a zero byte, large": _log_with_a_zero_byte,
        "UTF-16 file": _utf_16,
        "UTF-16 file, large": _large_utf_16,
        "UTF-16 in the middle of bytes": _utf_16_big_endian,
        "JSON within JSON": _json,
        "YAML": _yaml,
        "HTML": _html,
        "Parquet, text": _parquet_text,
        "Parquet, nested": _parquet_nested,
        "Parquet, compressed binary": _parquet_binary,
        "Parquet, dictionary": _parquet_dictionary,
        "Parquet, metadata": _parquet_metadata,
        "Arrow stream": _arrow_stream,
        "Arrow file": _arrow_file,
        "DuckDB, table": _duckdb_table,
        "DuckDB, comment": _duckdb_comment,
        "DuckDB, type": _duckdb_type,
        "SQLite, text": _sqlite_text,
        "SQLite, compressed blob": _sqlite_blob,
        "SQLite, write-ahead log": _sqlite_log,
        "gzip": _gzip,
        "zip in a zip": _zip_in_zip,
        "tar of gzip": _tar,
        "pickle": _pickle,
        "pickle, large": _large_pickle,
    }
)


@pytest.mark.parametrize("container", CONTAINERS)
def test_scanner__finds_each_canary_in_each_encoding_in(container: str, tmp_path: Path) -> None:
    for encoding, encode in ALL_ENCODINGS.items():
        folder = tmp_path / encoding.replace(" ", "_").replace(",", "")
        folder.mkdir()
        CONTAINERS[container](folder, [encode(canary.text) for canary in CANARIES])
        assert {finding.kind for finding in scan(folder)} == EVERY_KIND, encoding


@pytest.mark.parametrize("encoding", ALL_ENCODINGS)
def test_scanner__finds_one_canary_alone_and_no_other(encoding: str) -> None:
    for canary in (*CANARIES, LABEL_LIKE):
        for written in canary.written:
            data = f"id=7 note={ALL_ENCODINGS[encoding](written)} end".encode()
            assert kinds_in(data, (*CANARIES, LABEL_LIKE)) == {canary.kind}, written


def test_scanner__finds_what_was_deleted_from_a_database(tmp_path: Path) -> None:
    _duckdb_deleted(tmp_path, [canary.text for canary in CANARIES])
    assert {finding.kind for finding in scan(tmp_path)} == EVERY_KIND


def test_scanner__finds_a_canary_in_the_name_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file=costs%20Ottokar%20Wiesengrund.csv").mkdir()
    (tmp_path / "file=costs%20Ottokar%20Wiesengrund.csv" / "manifest.json").write_text("{}")
    assert scan(tmp_path) == [
        Finding("file=costs%20Ottokar%20Wiesengrund.csv/manifest.json", "its name", "name"),
    ]


def test_scanner__names_the_column(tmp_path: Path) -> None:
    _parquet_text(tmp_path, [CANARIES[0].text])
    assert Finding("a.parquet", "value", "e-mail") in scan(tmp_path)


def test_scanner__finds_nothing_where_nothing_is(tmp_path: Path) -> None:
    harmless = [f"label {number}" for number in range(500)] + ["2026-03-12 03:00:00", "a" * 64, "0" * 64, "f" * 64]
    for name, write in CONTAINERS.items():
        folder = tmp_path / name.replace(" ", "_").replace(",", "")
        folder.mkdir()
        write(folder, harmless)
    assert scan(tmp_path) == []
