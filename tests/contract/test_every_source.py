"""Claims about every source alike, against the real thing: a database, a server, a folder."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from ingestion.contract import QUARANTINE_SCHEMA, RunContext, Source, StagedBatch
from ingestion.lake import DATA_FILE, MANIFEST_FILE, QUARANTINE_FILE, STAGING_FOLDER, Lake
from ingestion.landing import commit, read_manifests, recover
from ingestion.retry import SourceError
from tests.contract.cases import Room, SourceCase
from tests.unit.ingestion.lake_cases import INSTANT, make_run


@pytest.fixture
def source(case: SourceCase, room: Room) -> Iterator[Source]:
    with case.full(room) as opened:
        yield opened


@pytest.fixture
def empty_source(case: SourceCase, room: Room) -> Iterator[Source]:
    with case.empty(room) as opened:
        yield opened


def _stage(source: Source, lake: Lake, run: RunContext) -> list[StagedBatch]:
    return list(source.stage(lake, run))


def _land(source: Source, lake: Lake, run: RunContext | None = None) -> list[StagedBatch]:
    batches = _stage(source, lake, run or make_run())
    for batch in batches:
        commit(lake, batch)
    return batches


def _landed_files(lake: Lake, name: str = "*") -> dict[str, bytes]:
    """Every landed file by its place in the lake; what is only staged is none."""
    return {str(path.relative_to(lake.root)): path.read_bytes() for path in lake.root.glob(f"raw_*/*/*/{name}")}


def _rows(path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.ParquetFile(path).read().to_pylist()
    return rows


def test_stage__replaces_nothing(case: SourceCase, source: Source, lake: Lake) -> None:
    _stage(source, lake, make_run())
    assert _landed_files(lake) == {}
    _land(source, lake)
    before = _landed_files(lake)
    staged = _stage(source, lake, replace(make_run("run-2"), backfill=case.backfill))
    assert any(batch.partitions for batch in staged)
    assert _landed_files(lake) == before


def test_stage__killed_before_its_commit_leaves_what_was(case: SourceCase, source: Source, lake: Lake) -> None:
    _land(source, lake)
    before = _landed_files(lake)
    batches = source.stage(lake, replace(make_run("run-2"), backfill=case.backfill))
    next(iter(batches))
    recover(lake)
    assert _landed_files(lake) == before
    assert not (lake.root / STAGING_FOLDER).exists()


def test_batches__are_of_the_source_and_the_last_is_not_settled(source: Source, lake: Lake) -> None:
    batches = _stage(source, lake, make_run())
    settled = [batch.is_settled for batch in batches]
    assert settled == sorted(settled, reverse=True)
    assert settled[-1] is False
    assert {batch.source for batch in batches} == {source.name}


def test_partitions__cover_every_declared_table(source: Source, lake: Lake) -> None:
    _land(source, lake)
    declared = {(table.source, table.name, table.partition_key) for table in source.tables}
    assert {(it.source, it.table, it.partition_key) for it in read_manifests(lake)} == declared
    assert {table.source for table in source.tables} == {source.name}


def test_schemas__are_those_of_the_contract(source: Source, lake: Lake) -> None:
    _land(source, lake)
    for table in source.tables:
        paths = list(lake.table(source.name, table.name).glob("*/*.parquet"))
        assert {path.name for path in paths} >= {DATA_FILE}
        for path in paths:
            schema = table.schema if path.name == DATA_FILE else QUARANTINE_SCHEMA
            assert pq.read_schema(path).equals(schema), path


def test_columns__are_those_that_gate_1_expects_by_itself(case: SourceCase, source: Source, lake: Lake) -> None:
    _land(source, lake)
    border = {table.asset: table.columns for table in case.border}
    for table in source.tables:
        files = lake.table(source.name, table.name) / "*" / DATA_FILE
        described = duckdb.sql(f"describe select * from read_parquet('{files}', hive_partitioning = false)").fetchall()
        assert {row[0]: row[1] for row in described} == border[f"raw_{source.name}", table.name]


def test_counts__source_rows_landed_or_were_set_aside_by_reason(case: SourceCase, source: Source, lake: Lake) -> None:
    _land(source, lake)
    counted, landed = Counter[str](), Counter[str]()
    for it in read_manifests(lake):
        folder = lake.partition(it.source, it.table, it.partition_key, it.partition_value)
        aside = _rows(folder / QUARANTINE_FILE) if QUARANTINE_FILE in it.files else []
        assert len(_rows(folder / DATA_FILE)) == it.landed_rows
        assert Counter(row["reason"] for row in aside) == it.quarantined_by_reason
        assert it.source_rows == it.landed_rows + len(aside)
        assert all(row["reason"] and row["origin"] for row in aside)
        counted[it.table] += it.source_rows
        landed[it.table] += it.landed_rows
    assert counted == case.source_rows
    assert {table.name for table in source.tables if not landed[table.name]} == set()


def test_manifests__name_the_run_and_take_its_instant_for_now(source: Source, lake: Lake) -> None:
    _land(source, lake)
    for manifest in read_manifests(lake):
        assert (manifest.run_id, manifest.read_at) == ("run-1", INSTANT)
        assert manifest.origin


def test_keys__are_unique_in_a_partition_where_it_is_promised(case: SourceCase, source: Source, lake: Lake) -> None:
    _land(source, lake)
    for table in source.tables:
        if table.name in case.repeats:
            continue
        for path in lake.table(source.name, table.name).glob(f"*/{DATA_FILE}"):
            keys = Counter(tuple(row[column] for column in table.key_columns) for row in _rows(path))
            assert [key for key, count in keys.items() if count > 1] == [], path


def test_second_landing__of_an_unchanged_source_changes_no_byte(case: SourceCase, source: Source, lake: Lake) -> None:
    _land(source, lake)
    before = _landed_files(lake, "*.parquet")
    _land(source, lake, make_run("run-2"))
    assert _landed_files(lake, "*.parquet") == before
    _land(source, lake, replace(make_run("run-3"), backfill=case.backfill))
    assert _landed_files(lake, "*.parquet") == before


def test_two_lakes__of_one_source_hold_the_same_bytes(source: Source, lake: Lake, tmp_path: Path) -> None:
    other = Lake(tmp_path / "another lake")
    _land(source, lake)
    _land(source, other, make_run("run-9"))
    assert _landed_files(other, "*.parquet") == _landed_files(lake, "*.parquet")


def test_next_day__takes_nothing_back(source: Source, lake: Lake) -> None:
    _land(source, lake)
    before = {name for name in _landed_files(lake, MANIFEST_FILE)}
    _land(source, lake, make_run("run-2", INSTANT + timedelta(days=1), INSTANT + timedelta(days=1, minutes=10)))
    assert before <= set(_landed_files(lake, MANIFEST_FILE))


def test_border__lets_nothing_through_that_no_list_names(case: SourceCase, source: Source, lake: Lake) -> None:
    told: list[str] = []
    batches = _land(source, lake, replace(make_run(), progress=told.append))
    everything = repr(
        [
            told,
            [batch.warnings for batch in batches],
            [_rows(path) for path in lake.root.glob("raw_*/*/*/*.parquet")],
            [path.read_text(encoding="utf-8") for path in lake.root.glob(f"raw_*/*/*/{MANIFEST_FILE}")],
        ]
    )
    assert [canary for canary in case.canaries if canary in everything] == []


def test_failure__is_of_a_known_kind_in_one_line_without_a_secret(case: SourceCase, room: Room, lake: Lake) -> None:
    assert case.failing
    for number, (kind, opener) in enumerate(case.failing):
        folder = room.folder / str(number)
        folder.mkdir()
        with opener(replace(room, folder=folder)) as source, pytest.raises(SourceError) as failure:
            _stage(source, lake, make_run())
        told = str(failure.value)
        assert failure.type is kind, told
        assert told
        assert "\n" not in told
        assert [secret for secret in case.secrets if secret in told] == []
        assert _landed_files(lake) == {}


def test_tables__of_an_empty_source_can_be_read(empty_source: Source, lake: Lake) -> None:
    _land(empty_source, lake)
    for table in empty_source.tables:
        files = lake.table(empty_source.name, table.name) / "*" / DATA_FILE
        read = duckdb.sql(f"select * from read_parquet('{files}', hive_partitioning = false)")
        assert read.columns == table.schema.names
        assert read.fetchall() == []


def test_document__names_every_table_and_column(case: SourceCase, source: Source) -> None:
    text = case.document.read_text(encoding="utf-8")
    # `raw_stripe.{customers, products}` names two.
    tables = {
        f"{schema}.{name.strip()}"
        for schema, listed in re.findall(r"(raw_\w+)[./](\{[^}]*\}|\w+)", text)
        for name in listed.strip("{}").split(",")
    }
    assert {f"raw_{source.name}.{table.name}" for table in source.tables} - tables == set()
    columns = {column for table in source.tables for column in table.schema.names}
    assert {column for column in columns if not re.search(rf"\b{column}\b", text)} == set()
