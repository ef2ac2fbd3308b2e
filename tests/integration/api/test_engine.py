"""The engine over real published files: what it refuses, what it stops, and how it follows the published version."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from serving.api.engine import Engine, NothingPublishedError, StatementTimeoutError, VersionGoneError
from serving.publish import rollback
from serving.versions import point_current_at, prune
from tests.integration.api.published_company import publish_company

SECONDS = 20.0
BOMB = "select count(*) from range(1000000) as a, range(1000000) as b where a.range + b.range < 0"
MRR = "select sum(mrr_eur) from marts.mrr_daily"

# What a client's own SQL could try, if any ever reached the engine.
ATTACKS = (
    "select * from read_csv('{file}')",
    "select * from read_text('{file}')",
    "select * from read_blob('{file}')",
    "select * from read_json('{file}')",
    "select * from read_parquet('{file}')",
    "select * from parquet_metadata('{file}')",
    "select * from sniff_csv('{file}')",
    "select * from '{file}'",
    "select * from glob('/*')",
    "attach '{file}' as other",
    "attach ':memory:' as other",
    "copy (select 1) to '{file}'",
    "copy (select 1) to '/dev/stdout'",
    "copy marts.dim_plans from '{file}'",
    "export database '{file}'",
    "import database '{file}'",
    "install httpfs",
    "load httpfs",
    "load '{file}'",
    "update extensions",
    "create secret (type s3, key_id 'x', secret 'y')",
    "set enable_external_access = true",
    "set lock_configuration = false",
    "reset lock_configuration",
    "set global threads = 64",
    "pragma threads = 64",
    "set memory_limit = '64GB'",
    "set temp_directory = '/tmp'",
    "set python_enable_replacements = true",
    "create table marts.planted as select 1",
    "create schema planted",
    "create macro planted(x) as x",
    "drop table marts.mrr_daily",
    "delete from marts.mrr_daily",
    "update marts.mrr_daily set mrr_eur = 0",
    "alter table marts.mrr_daily add column planted integer",
    "comment on table marts.mrr_daily is 'planted'",
    "truncate marts.mrr_daily",
    "select getenv('HOME')",
    # A variable of this process, by its name.
    "select * from secret_frame",
)


@pytest.fixture(scope="module")
def shared_engine(tmp_path_factory: pytest.TempPathFactory, definitions: dict[str, Any]) -> Iterator[Engine]:
    """Over a version that no test changes, and no server has open: DuckDB shares a file's limits within a process."""
    folder = tmp_path_factory.mktemp("engine")
    publish_company(folder, definitions)
    engine = Engine(folder / "published", "256MB", 2)
    yield engine
    engine.close()


@pytest.fixture
def folder(tmp_path: Path, definitions: dict[str, Any]) -> Path:
    publish_company(tmp_path, definitions)
    return tmp_path


@pytest.fixture
def engine(folder: Path) -> Iterator[Engine]:
    engine = Engine(folder / "published", "256MB", 2)
    yield engine
    engine.close()


def mrr(engine: Engine, version_id: str | None = None) -> Any:
    version = engine.acquire(version_id)
    try:
        with version.reading(SECONDS) as reader:
            return reader.table(MRR).to_pylist()[0]["sum(mrr_eur)"]
    finally:
        engine.release(version)


@pytest.mark.parametrize("attack", ATTACKS)
def test_engine__refuses(attack: str, shared_engine: Engine, tmp_path: Path) -> None:
    import pyarrow as pa

    secret_frame = pa.table({"secret": ["of this process"]})
    assert secret_frame.num_rows == 1
    target = tmp_path / "outside.csv"
    target.write_text("secret\n1\n", encoding="utf-8")
    before = mrr(shared_engine)
    version = shared_engine.acquire()
    with version.reading(SECONDS) as reader, pytest.raises(duckdb.Error):
        reader.table(attack.format(file=target))
    shared_engine.release(version)
    assert [(path.name, path.read_text(encoding="utf-8")) for path in tmp_path.iterdir()] == [
        (target.name, "secret\n1\n")
    ]
    assert mrr(shared_engine) == before


def test_engine__interrupts_what_takes_too_long_and_answers_the_next_at_once(shared_engine: Engine) -> None:
    version = shared_engine.acquire()
    began = time.monotonic()
    with version.reading(0.5) as reader:
        with pytest.raises(StatementTimeoutError):
            reader.table(BOMB)
        # The time is the request's, so its next statement has none left.
        with pytest.raises(StatementTimeoutError):
            reader.table("select 1")
    assert time.monotonic() - began < 5
    with version.reading(SECONDS) as reader:
        assert reader.table("select 1 as one").to_pylist() == [{"one": 1}]
    shared_engine.release(version)


def test_engine__keeps_one_interrupted_request_from_stopping_another(shared_engine: Engine) -> None:
    version = shared_engine.acquire()
    failures = []

    def bomb() -> None:
        with version.reading(0.3) as reader:
            try:
                reader.table(BOMB)
            except StatementTimeoutError as error:
                failures.append(error)

    thread = threading.Thread(target=bomb)
    thread.start()
    with version.reading(SECONDS) as reader:
        while thread.is_alive():
            assert reader.table("select 1 as one").num_rows == 1
    thread.join()
    assert len(failures) == 1
    shared_engine.release(version)


def test_engine__holds_no_more_memory_than_it_may(shared_engine: Engine) -> None:
    version = shared_engine.acquire()
    with version.reading(SECONDS) as reader, pytest.raises(duckdb.OutOfMemoryException):
        reader.table("select list(md5(range::varchar)) from range(50000000)")
    shared_engine.release(version)
    assert mrr(shared_engine) is not None


def test_engine__uses_no_more_threads_and_memory_than_it_is_told(shared_engine: Engine) -> None:
    version = shared_engine.acquire()
    with version.reading(SECONDS) as reader:
        settings = "select current_setting('threads') as threads, current_setting('memory_limit') as memory"
        assert reader.table(settings).to_pylist() == [{"threads": 2, "memory": "244.1 MiB"}]
    shared_engine.release(version)


def test_engine__follows_a_publication_and_a_rollback_at_the_next_request(
    engine: Engine, folder: Path, definitions: dict[str, Any]
) -> None:
    first = mrr(engine)
    assert engine.acquire_open() is not None
    publish_company(folder, definitions, minutes=1, mrr=50_000)
    assert engine.acquire_open() is None
    second = mrr(engine)
    assert second > first
    rollback(folder / "published")
    assert mrr(engine) == first


def test_engine__a_request_ends_on_the_version_it_began_on_which_is_then_closed(
    engine: Engine, folder: Path, definitions: dict[str, Any]
) -> None:
    first = mrr(engine)
    held = engine.acquire()
    newer = publish_company(folder, definitions, minutes=1, mrr=50_000, keep=1)
    assert mrr(engine) > first
    assert not (folder / "published" / held.id).exists()
    assert engine.open_ids == (held.id, newer.id)
    with held.reading(SECONDS) as reader:
        assert reader.table(MRR).to_pylist()[0]["sum(mrr_eur)"] == first
    engine.release(held)
    assert engine.open_ids == (newer.id,)


def test_engine__an_older_version_is_read_by_name_while_it_is_kept(
    engine: Engine, folder: Path, definitions: dict[str, Any]
) -> None:
    first_id = engine.acquire().id
    first = mrr(engine)
    newer = publish_company(folder, definitions, minutes=1, mrr=50_000)
    assert mrr(engine, first_id) == first
    assert mrr(engine) > first
    prune(folder / "published", 1)
    # Held open still by the first reader of this test, and yet out of reach: it may have been dropped for a reason.
    with pytest.raises(VersionGoneError):
        engine.acquire(first_id)
    assert engine.acquire_open() is not None
    assert newer.id in engine.open_ids


def test_engine__opens_a_version_that_is_open_still_because_it_is_just_being_closed(
    engine: Engine, folder: Path
) -> None:
    # Two readers of an older version take turns: one lets go of the last connection while the other makes a new one.
    # DuckDB has one database for both then, whose settings are locked.
    closing = Engine(folder / "published", "256MB", 2)
    assert mrr(closing) == mrr(engine)
    closing.close()
    version = engine.acquire()
    with version.reading(SECONDS) as reader:
        assert reader.table("select current_setting('TimeZone') as zone").to_pylist() == [{"zone": "UTC"}]
        with pytest.raises(duckdb.Error, match="locked"):
            reader.table("set threads = 64")
    engine.release(version)


def test_engine__has_the_current_version_at_hand_by_name_too(
    engine: Engine, folder: Path, definitions: dict[str, Any]
) -> None:
    first = engine.acquire().id
    named = engine.acquire_open(first)
    assert named is not None
    assert named.id == first
    newer = publish_company(folder, definitions, minutes=1)
    assert engine.acquire().id == newer.id
    assert engine.acquire_open(first) is None


@pytest.mark.parametrize("version_id", ["20200101T000000Z", "../published", "current", "", "x\x00y"])
def test_engine__a_version_that_is_not_there_is_gone(version_id: str, engine: Engine) -> None:
    with pytest.raises(VersionGoneError):
        engine.acquire(version_id)


@pytest.mark.parametrize("manifest", ["{", "{}", "[]"])
def test_engine__does_not_serve_on_what_was_replaced_by_something_unreadable(
    manifest: str, engine: Engine, folder: Path
) -> None:
    mrr(engine)
    broken = folder / "published" / "20261123T020000Z"
    broken.mkdir()
    (broken / "manifest.json").write_text(manifest, encoding="utf-8")
    point_current_at(folder / "published", broken.name)
    with pytest.raises(NothingPublishedError, match="20261123T020000Z cannot be opened"):
        engine.acquire()
    assert engine.open_ids == ()


def test_engine__serves_nothing_while_it_cannot_see_what_is_current_and_goes_on_when_it_can(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = mrr(engine)

    def no_longer_readable(_: Path) -> str:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr("serving.api.engine.current_id", no_longer_readable)
        for acquire in (engine.acquire, engine.acquire_open):
            with pytest.raises(NothingPublishedError, match="Permission denied"):
                acquire()
    assert mrr(engine) == before


def test_engine__before_the_first_publication_there_is_nothing_to_read(tmp_path: Path) -> None:
    engine = Engine(tmp_path / "published", "256MB", 2)
    with pytest.raises(NothingPublishedError):
        engine.acquire()
    assert engine.acquire_open() is None
