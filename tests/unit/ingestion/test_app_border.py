"""Claims that the border is one list: what is selected, what is granted and what is checked cannot drift apart."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ingestion.retry import PermanentSourceError
from ingestion.sources.app import contract, select
from ingestion.sources.app.contract import COLUMNS_LEFT, COLUMNS_READ
from ingestion.sources.app.drift import Column, check_shape
from ingestion.sources.app.windows import midnight
from tests.unit.ingestion.lake_cases import INSTANT

ROOT = Path(__file__).parents[3]
TYPES = {table: {name: types[0] for name, types in columns.items()} for table, columns in COLUMNS_READ.items()}
STATEMENTS = {
    "accounts": [select.select_accounts(TYPES["accounts"])],
    "agents": [select.select_agents(TYPES["agents"])],
    "events": [
        select.select_events(TYPES["events"], midnight(INSTANT.date()), INSTANT),
        select.select_unplaceable_events(TYPES["events"], INSTANT),
        select.select_first_received(INSTANT),
    ],
}
WHOLE = [Column(table, name, kind) for table, columns in TYPES.items() for name, kind in columns.items()]


@pytest.mark.parametrize("document", ["docs/sql/least_privileges.sql", "ingestion/sources/app/README.md"])
def test_grants__are_the_columns_that_are_read(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    granted = {
        table: re.split(r",\s*", columns)
        for columns, table in re.findall(r"grant select \(([^)]*)\)\s+on (\w+) to", text)
    }
    assert granted == {table: list(columns) for table, columns in COLUMNS_READ.items()}


@pytest.mark.parametrize("table", list(COLUMNS_READ))
def test_statements__name_the_columns_that_are_read_and_no_others(table: str) -> None:
    used = {name for statement in STATEMENTS[table] for name in re.findall(r"\bt\.(\w+)", statement)}
    assert used == set(COLUMNS_READ[table])


def test_columns_left__are_not_among_those_read() -> None:
    assert not [name for table, names in COLUMNS_LEFT.items() for name in names if name in COLUMNS_READ[table]]
    assert not set(contract.EVENT_TYPES_LEFT) & set(contract.EVENT_PROPERTIES)


def test_property_keys__land_under_their_own_names() -> None:
    assert set(select.property_keys()) <= set(contract.EVENTS.schema.names)


def test_check_shape__a_whole_database_has_nothing_to_say() -> None:
    shape = check_shape([*WHOLE, Column("accounts", "email", "text")])
    assert shape.warnings == ()
    assert shape.types == TYPES


def test_check_shape__names_each_fault_with_what_was_found_and_expected() -> None:
    broken = [
        column for column in WHOLE if (column.table, column.name) != ("agents", "id") and column.table != "accounts"
    ]
    broken = [Column(c.table, c.name, "bytea" if c.name == "received_at" else c.type) for c in broken]
    told = (
        "table accounts is missing; column agents.id is missing; "
        "column events.received_at is bytea, not timestamp with time zone"
    )
    with pytest.raises(PermanentSourceError, match=told):
        check_shape(broken)


def test_check_shape__unknown_columns_are_one_warning() -> None:
    (warning,) = check_shape([*WHOLE, Column("accounts", "mobile", "text"), Column("events", "geo", "text")]).warnings
    assert "accounts.mobile, events.geo" in warning


def test_text__is_cut_only_where_it_may_be_long() -> None:
    statement = select.select_agents({**TYPES["agents"], "id": "uuid"})
    assert "cast(t.id as text) as id" in statement
    assert "left(cast(t.account_id as text), 256)" in statement
