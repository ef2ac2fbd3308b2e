"""Publishing: the marts of a warehouse, copied whole into a new version, then served by one flip of a link; and back.

Belongs here: the steps of a publication and of a rollback, in their order. Does not belong here: whether it may happen
(gate 2), what the definitions say (catalog), the folder of versions (versions).
A killed publication leaves `current` where it was, or on the new version, which is then complete; its leftovers are
swept by the next one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serving.hashing import hash_of_hashes, hash_table
from serving.quoting import identifier, literal
from serving.version import (
    CATALOG_FILE,
    MANIFEST_FILE,
    WAREHOUSE_FILE,
    PublishedColumn,
    PublishedTable,
    Version,
    manifest_of,
)
from serving.versions import (
    TEMPORARY_PREFIX,
    VersionNotFound,
    current_id,
    find_version,
    new_version_id,
    point_current_at,
    prune,
    sweep,
    sync,
    version_ids,
)

if TYPE_CHECKING:
    import duckdb

SCHEMA = "marts"
# Beside the marts, what a reader of the file alone must know: which version it is and how far its numbers reach.
VERSION_TABLE = "published.version"


class NothingToPublishError(ValueError):
    """The warehouse has no table in schema `marts`."""


def publish(  # noqa: PLR0913 - what a version says of itself is passed by name, not read from a clock or a setting
    warehouse: Path,
    root: Path,
    *,
    run_id: str,
    run_instant: datetime,
    as_of_date: date,
    definitions: Mapping[str, object],
    published_at: datetime,
    keep: int = 7,
) -> Version:
    """Copy schema `marts` into a new version under `root` and make it the current one.

    warehouse: a DuckDB file that nobody has open for writing. definitions: what the columns mean, as JSON values (see
    `definitions_from_manifest`). keep: how many versions stay, the new one included.
    Raises NothingToPublishError for a warehouse without marts, ValueError for instants without an offset,
    duckdb.Error when the file cannot be read; `current` then stays as it is.
    """
    if run_instant.tzinfo is None:
        raise ValueError(f"run_instant {run_instant.isoformat()} has no offset: pass an instant")
    if keep < 1:
        raise ValueError(f"keep is {keep}: at least the version that is being published stays")
    root.mkdir(parents=True, exist_ok=True)
    sweep(root)
    version_id = new_version_id(root, published_at)
    aside = root / f"{TEMPORARY_PREFIX}{version_id}"
    aside.mkdir()
    tables = _copy_marts(warehouse, aside)
    _write_version(aside, version_id, as_of_date, run_instant, published_at)
    version = Version(
        id=version_id,
        path=root / version_id,
        run_id=run_id,
        run_instant=run_instant,
        as_of_date=as_of_date,
        published_at=published_at,
        sha256=hash_of_hashes({table.name: table.sha256 for table in tables}),
        tables=tables,
    )
    _write_json(aside / CATALOG_FILE, definitions)
    _write_json(aside / MANIFEST_FILE, manifest_of(version))
    for name in (WAREHOUSE_FILE, CATALOG_FILE, MANIFEST_FILE):
        sync(aside / name)
    sync(aside)
    aside.rename(version.path)
    sync(root)
    point_current_at(root, version_id)
    prune(root, keep)
    return version


def rollback(root: Path, to: str | None = None) -> Version:
    """Point `current` at an older (or any other) version and return it; nothing is copied or removed.

    to: a version's id; by default the one before the current. The next publication is current again.
    Raises VersionNotFound when there is none.
    """
    if to is None:
        now = current_id(root)
        older = [version_id for version_id in version_ids(root) if now is not None and version_id < now]
        if not older:
            raise VersionNotFound(
                f"there is no version before {now or 'the first'} in {root}; "
                f"available: {', '.join(version_ids(root)) or 'none'}"
            )
        to = older[-1]
    version = find_version(root, to)
    point_current_at(root, version.id)
    return version


def _copy_marts(warehouse: Path, aside: Path) -> tuple[PublishedTable, ...]:
    """Copy every mart, sorted, into a fresh file: what was ever deleted from the warehouse does not come along."""
    import duckdb

    with duckdb.connect(str(aside / WAREHOUSE_FILE)) as connection:
        connection.execute(f"attach {literal(str(warehouse.resolve(strict=True)))} as source (read_only)")
        connection.execute(f"create schema {SCHEMA}")
        names = [
            row[0]
            for row in connection.execute(
                "select table_name from information_schema.tables"
                " where table_catalog = 'source' and table_schema = ? order by table_name",
                [SCHEMA],
            ).fetchall()
        ]
        if not names:
            raise NothingToPublishError(f"{warehouse} has no table in schema {SCHEMA}: run the build first")
        tables = tuple(_copy_table(connection, name, aside) for name in names)
        connection.execute("detach source")
    return tables


def _write_version(
    aside: Path, version_id: str, as_of_date: date, run_instant: datetime, published_at: datetime
) -> None:
    """One row, in a schema of its own: it is no mart, and no part of what is hashed."""
    import duckdb

    with duckdb.connect(str(aside / WAREHOUSE_FILE)) as connection:
        connection.execute("create schema published")
        connection.execute(
            f"create table {VERSION_TABLE} as select ?::varchar as version_id, ?::date as as_of_date,"
            " ?::timestamptz as run_instant, ?::timestamptz as published_at",
            [version_id, as_of_date, run_instant, published_at],
        )


def _copy_table(connection: duckdb.DuckDBPyConnection, name: str, scratch: Path) -> PublishedTable:
    target = f"{identifier(SCHEMA)}.{identifier(name)}"
    # The key comes first in every mart, so sorting by all columns sorts by the key.
    connection.execute(f"create table {target} as select * from source.{target} order by all")
    _copy_comments(connection, name, target)
    columns = connection.execute(
        "select column_name, data_type from duckdb_columns()"
        " where database_name = current_database() and schema_name = ? and table_name = ? order by column_index",
        [SCHEMA, name],
    ).fetchall()
    return PublishedTable(
        name=name,
        rows=_count(connection, target),
        columns=tuple(PublishedColumn(column, type_) for column, type_ in columns),
        sha256=hash_table(connection, target, scratch),
    )


def _copy_comments(connection: duckdb.DuckDBPyConnection, name: str, target: str) -> None:
    where = "where database_name = 'source' and schema_name = ? and comment is not null"
    of_tables = connection.execute(
        f"select comment from duckdb_tables() {where} and table_name = ?"
        f" union all select comment from duckdb_views() {where} and view_name = ?",
        [SCHEMA, name, SCHEMA, name],
    ).fetchall()
    of_columns = connection.execute(
        f"select column_name, comment from duckdb_columns() {where} and table_name = ? order by column_index",
        [SCHEMA, name],
    ).fetchall()
    for (comment,) in of_tables:
        connection.execute(f"comment on table {target} is {literal(comment)}")
    for column, comment in of_columns:
        connection.execute(f"comment on column {target}.{identifier(column)} is {literal(comment)}")


def _count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    row = connection.execute(f"select count(*) from {relation}").fetchone()
    return 0 if row is None else int(row[0])


def _write_json(path: Path, value: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
