"""Canonical hashes: what may not change them, and what must."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from serving.hashing import hash_of_hashes, hash_table

# More rows than two row groups, so that several threads really write.
ROWS = """
    select 'k' || (i % 977) as id, cast(i * 7919 % 100003 as decimal(18, 4)) as amount_eur,
        case when i % 5 > 0 then i end as part,
        timestamptz '2026-01-01 00:00:00+00' + interval (i) second as happened_at,
        date '2026-01-01' + cast(i % 300 as integer) as day, i % 2 = 0 as is_even
    from range(250000) as numbers(i)"""


def hash_of(tmp_path: Path, query: str, *changes: str, threads: int = 2, time_zone: str = "UTC") -> str:
    with duckdb.connect(config={"threads": threads}) as connection:
        connection.execute(f"set timezone = '{time_zone}'")
        connection.execute(f"create table t as {query}")
        for change in changes:
            connection.execute(change)
        return hash_table(connection, "t", tmp_path)


def test_hash_table__threads_order_of_insertion_and_time_zone_change_nothing(tmp_path: Path) -> None:
    expected = hash_of(tmp_path, ROWS, threads=1)
    assert hash_of(tmp_path, ROWS, threads=4) == expected
    shuffled = f"select * from ({ROWS}) order by hash(id, amount_eur, part)"
    assert hash_of(tmp_path, shuffled, threads=4) == expected
    backwards = f"select * from ({ROWS}) order by happened_at desc"
    assert hash_of(tmp_path, backwards, threads=1) == expected
    assert hash_of(tmp_path, ROWS, time_zone="Pacific/Kiritimati") == expected


@pytest.mark.parametrize(
    "change",
    [
        "update t set amount_eur = amount_eur + 0.0001 where part = 1",
        "update t set part = null where part = 1",
        "update t set happened_at = happened_at + interval 1 microsecond where part = 1",
        "insert into t select * from t where part = 1",
        "delete from t where part = 1",
    ],
    ids=["a hundredth of a cent", "a value lost", "a microsecond", "a row twice", "a row less"],
)
def test_hash_table__the_smallest_change_changes_it(tmp_path: Path, change: str) -> None:
    assert hash_of(tmp_path, ROWS, change) != hash_of(tmp_path, ROWS)


def test_hash_table__a_column_of_another_name_or_type_changes_it(tmp_path: Path) -> None:
    plain = hash_of(tmp_path, "select 1::bigint as n")
    assert hash_of(tmp_path, "select 1::bigint as m") != plain
    assert hash_of(tmp_path, "select 1::integer as n") != plain


def test_hash_table__leaves_nothing_in_its_scratch_folder(tmp_path: Path) -> None:
    hash_of(tmp_path, "select 1::bigint as n")
    assert list(tmp_path.iterdir()) == []


def test_hash_of_hashes__knows_names_and_contents_but_no_order() -> None:
    assert hash_of_hashes({"a": "1", "b": "2"}) == hash_of_hashes({"b": "2", "a": "1"})
    assert hash_of_hashes({"a": "1", "b": "2"}) != hash_of_hashes({"a": "2", "b": "1"})
    assert hash_of_hashes({"a": "1"}) != hash_of_hashes({"b": "1"})
