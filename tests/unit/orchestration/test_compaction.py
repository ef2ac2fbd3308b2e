"""The warehouse file without what was deleted from it, however often the copy was interrupted."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from orchestration.lib.compaction import forget_empty_groups

GONE = "conversation that-has-left-the-lake"


class KilledError(Exception):
    """The process ends here."""


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    """One group that events are left of, one that none are; a mart, and a view of it."""
    path = tmp_path / "netvexa.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema intermediate; create schema marts")
        connection.execute(
            "create table intermediate.int_event_groups__built as select * from (values"
            f" ('conversation stays', 3, 0, 0), ('{GONE}', 0, 0, 0)"
            ") as groups (event_group, event_count, waiting_count, duplicate_count)"
        )
        for name in ("rebuilt", "to_rebuild"):
            connection.execute(
                f"create table intermediate.int_event_groups__{name} as from intermediate.int_event_groups__built"
            )
        connection.execute("create table marts.days as select i as day from range(5000) as days (i)")
        connection.execute("alter table marts.days alter day set not null")
        connection.execute("create view marts.newest as select max(day) as day from marts.days")
    return path


def rows(warehouse: Path, relation: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(f"select * from {relation}").fetchall()


def held(warehouse: Path) -> bool:
    """Whether a byte of the group that is gone stands in the file, or in one beside it."""
    return any(GONE.encode() in path.read_bytes() for path in warehouse.parent.iterdir())


def test_empty_groups__go_with_every_byte_and_all_else_stays(warehouse: Path) -> None:
    days = rows(warehouse, "marts.days")
    assert held(warehouse)
    assert forget_empty_groups(warehouse)
    assert not held(warehouse)
    assert [path.name for path in warehouse.parent.iterdir()] == ["netvexa.duckdb"]
    for name in ("built", "rebuilt", "to_rebuild"):
        (group, *_), *others = rows(warehouse, f"intermediate.int_event_groups__{name}")
        assert (group, others) == ("conversation stays", []), name
    assert rows(warehouse, "marts.days") == days
    assert rows(warehouse, "marts.newest") == [(4999,)]
    with duckdb.connect(str(warehouse)) as connection, pytest.raises(duckdb.ConstraintException):
        connection.execute("insert into marts.days values (null)")
    assert not forget_empty_groups(warehouse)


def test_a_file_without_empty_groups__is_not_copied(warehouse: Path) -> None:
    forget_empty_groups(warehouse)
    before = warehouse.stat().st_ino
    assert not forget_empty_groups(warehouse)
    assert warehouse.stat().st_ino == before


def test_killed_before_the_copy_takes_its_place__the_next_run_copies_over_what_is_left(
    warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(self: Path, target: Path) -> Path:
        raise KilledError

    with monkeypatch.context() as patched, pytest.raises(KilledError):
        patched.setattr(Path, "replace", killed)
        forget_empty_groups(warehouse)
    assert held(warehouse)
    # What a kill amid the copy leaves: a beginning of it, and its log.
    warehouse.with_name("netvexa.duckdb.copy").write_bytes(b"half a file")
    warehouse.with_name("netvexa.duckdb.copy.wal").write_bytes(b"of another file")
    assert forget_empty_groups(warehouse)
    assert not held(warehouse)
