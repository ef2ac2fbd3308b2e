"""What `netvexa quarantine` finds in a lake, and the commands it names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from ingestion.contract import StagedPartition
from ingestion.lake import Lake
from ingestion.quarantine import SetAside, SetAsideRow, counts_set_aside, rows_set_aside
from orchestration.commands.quarantine import quarantine
from orchestration.lib.set_aside import commands_to_fetch_again, fetch_again
from tests.unit.orchestration.lakes import ACCOUNTS, ECB, EVENTS, INVOICES, lake_in, land, staged


def of_changes(partition: StagedPartition) -> StagedPartition:
    return replace(partition, manifest=replace(partition.manifest, coverage="changes"))


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = lake_in(tmp_path)
    land(
        lake,
        staged(lake, EVENTS, "2026-11-18", aside=[("e1", "agent_id is null"), ("e2", "agent_id is null")]),
        staged(lake, EVENTS, "2026-11-20", aside=[(None, "id is null")]),
        staged(lake, ACCOUNTS, "2026-11-18", aside=[("acc_1", "created_at is null")]),
        staged(lake, ACCOUNTS, "2026-11-19", aside=[]),
        staged(lake, INVOICES, "2026-11-10", aside=[("in_0", "created is unreadable")]),
        staged(lake, INVOICES, "2026-11-17", aside=[("in_1", "created is unreadable")]),
        of_changes(staged(lake, INVOICES, "2026-11-18", aside=[("in_2", "created is unreadable")])),
        staged(lake, ECB, "eurofxref [1].csv", aside=[("2", "rate is unreadable")]),
    )
    return lake


def test_counts__speak_of_what_was_last_read_of_a_list_and_of_every_day_and_file(lake: Lake) -> None:
    assert [(one.table, one.partition_value, one.reason, one.rows) for one in counts_set_aside(lake)] == [
        ("events", "2026-11-18", "agent_id is null", 2),
        ("events", "2026-11-20", "id is null", 1),
        ("ecb", "eurofxref [1].csv", "rate is unreadable", 1),
        ("invoices", "2026-11-17", "created is unreadable", 1),
        ("invoices", "2026-11-18", "created is unreadable", 1),
    ]


def test_rows__are_those_behind_the_counts(lake: Lake) -> None:
    rows = list(rows_set_aside(lake))
    assert len(rows) == sum(one.rows for one in counts_set_aside(lake))
    assert rows[0] == SetAsideRow(
        "app", "events", "received_date", "2026-11-18", "e1", "agent_id is null", "row of 2026-11-18"
    )
    assert [row.key for row in rows_set_aside(lake, "stripe", "invoices")] == ["in_1", "in_2"]


@pytest.mark.parametrize(
    ("source", "key", "command"),
    [
        ("app", "received_date", "netvexa backfill --source app --from 2026-11-18 --to 2026-11-18"),
        ("app", "snapshot_date", "netvexa nightly"),
        ("stripe", "read_date", "netvexa backfill --source stripe"),
        ("spend", "file", "netvexa backfill --source spend"),
    ],
)
def test_fetch_again__is_the_command_of_the_rows_partition(source: str, key: str, command: str) -> None:
    assert fetch_again(SetAside(source, "any", key, "2026-11-18", "id is null", 1)) == command


def test_fetch_again__takes_all_days_by_one_run(lake: Lake) -> None:
    assert commands_to_fetch_again(counts_set_aside(lake)) == [
        "netvexa backfill --source app --from 2026-11-18 --to 2026-11-20",
        "netvexa backfill --source rates",
        "netvexa backfill --source stripe",
    ]


@pytest.fixture
def command(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("NETVEXA_DATA_DIR", str(lake.root.parent))
    monkeypatch.chdir(lake.root.parent)
    return CliRunner()


def test_quarantine__shows_a_table_and_the_commands(command: CliRunner) -> None:
    shown = command.invoke(quarantine)
    assert shown.exit_code == 0
    assert "received_date=2026-11-18" in shown.output
    # Markup of the terminal library is a name like any other.
    assert "file=eurofxref [1].csv" in shown.output
    assert "6 rows are set aside" in shown.output
    assert "  netvexa backfill --source app --from 2026-11-18 --to 2026-11-20\n" in shown.output


def test_quarantine__as_csv_and_json_names_each_row_with_its_command(command: CliRunner) -> None:
    arguments = ["--source", "app", "--rows", "--format"]
    lines = command.invoke(quarantine, [*arguments, "csv"]).output.splitlines()
    assert lines[0] == "source,table,partition_key,partition_value,key,reason,origin,fetch_again"
    assert lines[3] == (
        "app,events,received_date,2026-11-20,,id is null,row of 2026-11-20,"
        "netvexa backfill --source app --from 2026-11-20 --to 2026-11-20"
    )
    assert '"key": "e2"' in command.invoke(quarantine, [*arguments, "json"]).output


def test_quarantine__says_so_when_nothing_is_set_aside(command: CliRunner) -> None:
    shown = command.invoke(quarantine, ["--source", "spend"])
    assert (shown.exit_code, shown.output) == (
        0,
        "nothing is set aside of spend: every row that was read has landed\n",
    )
    assert command.invoke(quarantine, ["--source", "spend", "--format", "json"]).output.strip() == "[]"
