"""A publication as readers find it: content, manifest, catalog, the link, the versions kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from serving.publish import NothingToPublishError, publish, rollback
from serving.version import Version
from serving.versions import VersionNotFound, current, drop_published_by, versions
from tests.integration.serving.conftest import DEFINITIONS, FIRST, write_warehouse

Publish = Callable[..., Version]


def mrr_of(path: Path) -> Decimal:
    with duckdb.connect(str(path / "warehouse.duckdb"), read_only=True) as connection:
        row = connection.execute("select sum(mrr_eur) from marts.mrr_daily").fetchone()
    assert row is not None
    return Decimal(row[0])


def test_publish__the_file_holds_the_marts_as_sorted_tables_with_comments_and_which_version_it_is(
    publish_at: Publish, root: Path
) -> None:
    publish_at()
    with duckdb.connect(str(root / "current" / "warehouse.duckdb"), read_only=True) as connection:
        tables = connection.execute(
            "select schema_name, table_name, comment from duckdb_tables() order by all"
        ).fetchall()
        marts = [("marts", "latest", None), ("marts", "mrr_daily", "The company's MRR")]
        assert tables == [*marts, ("published", "version", None)]
        version = connection.execute("select version_id, as_of_date, published_at from published.version").fetchall()
        served = current(root)
        assert served is not None
        assert version == [(served.id, served.as_of_date, served.published_at)]
        assert connection.execute("select count(*) from duckdb_views() where not internal").fetchone() == (0,)
        comments = "select column_name, comment from duckdb_columns() where comment is not null"
        assert connection.execute(comments).fetchall() == [("mrr_eur", "Each day's rate")]
        dates = [row[0] for row in connection.execute("select date from marts.mrr_daily").fetchall()]
        assert dates == sorted(dates)
        assert len(dates) == 21


def test_publish__a_version_is_three_files_and_the_link_names_it(publish_at: Publish, root: Path) -> None:
    version = publish_at()
    assert version.id == "20261122T020004Z"
    assert sorted(path.name for path in root.iterdir()) == ["20261122T020004Z", "current"]
    assert sorted(path.name for path in version.path.iterdir()) == ["catalog.json", "manifest.json", "warehouse.duckdb"]
    assert str((root / "current").readlink()) == "20261122T020004Z"
    assert json.loads(version.catalog.read_text(encoding="utf-8")) == DEFINITIONS


def test_publish__the_manifest_says_what_is_in_the_version(publish_at: Publish, root: Path) -> None:
    version = publish_at()
    manifest = json.loads((version.path / "manifest.json").read_text(encoding="utf-8"))
    assert {key: manifest[key] for key in ("version", "run_id", "run_instant", "as_of_date", "published_at")} == {
        "version": "20261122T020004Z",
        "run_id": "run-0",
        "run_instant": "2026-11-22T02:00:04+00:00",
        "as_of_date": "2026-11-21",
        "published_at": "2026-11-22T02:00:04+00:00",
    }
    assert [(table["name"], table["rows"]) for table in manifest["tables"]] == [("latest", 1), ("mrr_daily", 21)]
    assert manifest["tables"][1]["columns"] == [
        {"name": "date", "type": "DATE"},
        {"name": "mrr_eur", "type": "DECIMAL(18,4)"},
    ]
    assert current(root) == version


def test_publish__equal_content_has_equal_hashes_and_other_content_has_others(
    publish_at: Publish, warehouse: Path
) -> None:
    first, second = publish_at(0), publish_at(1)
    assert first.sha256 == second.sha256
    assert first.tables == second.tables
    write_warehouse(warehouse, mrr=101)
    third = publish_at(2)
    assert third.sha256 != first.sha256
    assert [a.sha256 == b.sha256 for a, b in zip(first.tables, third.tables, strict=True)] == [True, False]


def test_publish__two_in_the_same_second_have_ids_that_sort(publish_at: Publish, root: Path) -> None:
    ids = [publish_at(0).id for _ in range(3)]
    assert ids == ["20261122T020004Z", "20261122T020004Z-02", "20261122T020004Z-03"]
    assert [version.id for version in versions(root)] == ids


def test_publish__the_last_seven_stay(publish_at: Publish, root: Path) -> None:
    ids = [publish_at(minute).id for minute in range(9)]
    assert [version.id for version in versions(root)] == ids[2:]


def test_publish__a_reader_of_the_old_version_is_unharmed_even_when_it_is_removed(
    publish_at: Publish, root: Path, warehouse: Path
) -> None:
    publish_at(0)
    before = mrr_of(root / "current")
    with duckdb.connect(str((root / "current").resolve() / "warehouse.duckdb"), read_only=True) as reader:
        write_warehouse(warehouse, mrr=5000)
        newer = publish_at(1, keep=1)
        assert [version.id for version in versions(root)] == [newer.id]
        row = reader.execute("select sum(mrr_eur) from marts.mrr_daily").fetchone()
        assert row == (before,)
    assert mrr_of(root / "current") > before


def test_dropping__takes_every_version_up_to_an_instant_and_never_the_current_one(
    publish_at: Publish, root: Path
) -> None:
    first, second, third = (publish_at(minutes) for minutes in (0, 1, 2))
    rollback(root, first.id)
    assert drop_published_by(root, second.published_at) == (second.id,)
    assert [version.id for version in versions(root)] == [first.id, third.id]
    rollback(root, third.id)
    assert drop_published_by(root, second.published_at) == (first.id,)
    assert drop_published_by(root, second.published_at) == ()


def test_publish__without_marts_nothing_changes(publish_at: Publish, root: Path, warehouse: Path) -> None:
    version = publish_at(0)
    warehouse.unlink()
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("create schema marts")
    with pytest.raises(NothingToPublishError, match="run the build first"):
        publish_at(1)
    assert current(root) == version
    write_warehouse(warehouse)
    publish_at(2)
    assert not list(root.glob(".tmp-*"))


def test_publish__a_missing_warehouse_is_named_and_nothing_changes(
    publish_at: Publish, root: Path, warehouse: Path
) -> None:
    version = publish_at(0)
    warehouse.unlink()
    with pytest.raises(FileNotFoundError, match=r"warehouse\.duckdb"):
        publish_at(1)
    assert current(root) == version


def test_publish__instants_need_an_offset_and_at_least_one_version_stays(warehouse: Path, root: Path) -> None:
    def run(run_instant: datetime = FIRST, published_at: datetime = FIRST, keep: int = 7) -> Version:
        return publish(
            warehouse,
            root,
            run_id="run",
            run_instant=run_instant,
            as_of_date=date(2026, 11, 21),
            definitions={},
            published_at=published_at,
            keep=keep,
        )

    naive = datetime(2026, 11, 22, 2, 0, 4)  # noqa: DTZ001 - the mistake under test
    with pytest.raises(ValueError, match="run_instant 2026-11-22T02:00:04 has no offset"):
        run(run_instant=naive)
    with pytest.raises(ValueError, match="published_at 2026-11-22T02:00:04 has no offset"):
        run(published_at=naive)
    with pytest.raises(ValueError, match="keep is 0"):
        run(keep=0)
    berlin = datetime.fromisoformat("2026-11-22T03:00:04+01:00")
    assert run(published_at=berlin).id == "20261122T020004Z"
    assert run(published_at=berlin).published_at == berlin.astimezone(UTC)


def test_publish__a_path_with_a_quote_is_a_path_like_any_other(tmp_path: Path) -> None:
    folder = tmp_path / "o'brien"
    folder.mkdir()
    write_warehouse(folder / "warehouse.duckdb")
    version = publish(
        folder / "warehouse.duckdb",
        folder / "published",
        run_id="run",
        run_instant=FIRST,
        as_of_date=date(2026, 11, 21),
        definitions={},
        published_at=FIRST,
    )
    assert [table.rows for table in version.tables] == [1, 21]


def test_rollback__goes_back_one_by_one_and_the_next_publication_is_current_again(
    publish_at: Publish, root: Path
) -> None:
    first, second, third = (publish_at(minute) for minute in range(3))
    assert rollback(root) == second
    assert rollback(root) == first
    assert current(root) == first
    with pytest.raises(VersionNotFound, match=rf"no version before {first.id} .*available: {first.id}, {second.id}"):
        rollback(root)
    assert rollback(root, third.id) == third
    assert rollback(root, first.id) == first
    fourth = publish_at(3)
    assert current(root) == fourth
    assert [version.id for version in versions(root)] == [first.id, second.id, third.id, fourth.id]


def test_rollback__an_unknown_version_names_those_there_are(publish_at: Publish, root: Path) -> None:
    version = publish_at()
    for wanted in ("20200101T000000Z", "../somewhere", "current"):
        with pytest.raises(VersionNotFound, match=rf"available: {version.id}"):
            rollback(root, wanted)
    assert current(root) == version


def test_rollback__before_the_first_publication_there_is_nothing_to_go_back_to(root: Path) -> None:
    assert current(root) is None
    assert versions(root) == ()
    with pytest.raises(VersionNotFound, match="available: none"):
        rollback(root)


def test_current__a_version_removed_by_hand_is_named(publish_at: Publish, root: Path) -> None:
    version = publish_at()
    version.path.rename(root.parent / "elsewhere")
    with pytest.raises(VersionNotFound, match=version.id):
        current(root)
