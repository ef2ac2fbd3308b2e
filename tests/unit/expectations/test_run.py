"""The gates as their callers see them: files or a warehouse in; a report and data docs out."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pytest

from expectations.catalogue import batch_checks, mart_checks
from expectations.mart_rules import MART_CONTRACTS
from expectations.profile import Profile
from expectations.report import BatchFile, CheckResult, CheckSpec, PartitionCount, Report, merged
from expectations.rule import Rule
from expectations.run import check_batches, check_marts
from expectations.validation import validate
from tests.unit.expectations.conftest import GOOD_MARTS, GOOD_ROWS

Stage = Callable[..., BatchFile]
EVENTS, ACCOUNTS = ("raw_app", "events"), ("raw_app", "accounts")
AS_OF = date(2026, 11, 21)


def result_of(report: Report, asset: tuple[str, str], name: str) -> CheckResult:
    return next(result for result in report.results if result.spec.asset == asset and result.spec.name == name)


def write_warehouse(path: Path, *changes: str) -> Path:
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts")
        for name, query in GOOD_MARTS.items():
            connection.execute(f"create table marts.{name} as {query}")
        for change in changes:
            connection.execute(change)
    return path


def test_catalogue__lists_every_check_without_loading_a_heavy_library() -> None:
    script = (
        "import sys; from expectations.catalogue import batch_checks, mart_checks; "
        "assert len(batch_checks()) > 100 and len(mart_checks()) > 50; "
        "print([name for name in ('great_expectations', 'pandas', 'duckdb', 'pyarrow') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_catalogue__names_are_unique_within_an_asset() -> None:
    addresses = [spec.address for spec in (*batch_checks(), *mart_checks())]
    assert len(addresses) == len(set(addresses))


def test_check_batches__good_batches_of_every_table_pass_and_leave_docs(stage: Stage, tmp_path: Path) -> None:
    report = check_batches([stage(asset, {}) for asset in GOOD_ROWS], [], tmp_path / "docs")
    assert tuple(result.spec for result in report.results) == batch_checks()
    assert [result.message for result in report.results if not result.passed] == []
    index = (tmp_path / "docs" / "index.html").read_text(encoding="utf-8")
    assert "raw_app.events" in index
    assert list((tmp_path / "docs" / "validations").rglob("*.html"))
    assert sum(path.stat().st_size for path in (tmp_path / "docs").rglob("*.*")) < 3_000_000


def test_check_batches__a_run_without_batches_passes_and_says_so(tmp_path: Path) -> None:
    report = check_batches([], [], tmp_path / "docs")
    assert {result.observed for result in report.results} == {"no batch arrived in this run"}
    assert not report.blocking_failures
    assert not report.warnings


def test_check_batches__failures_are_told_with_counts_and_examples_by_severity(stage: Stage, tmp_path: Path) -> None:
    batches = [
        stage(EVENTS, {"id": "e1"}, {"id": "e2", "sender": "bot"}, {"id": "e3", "sender": "bot"}),
        stage(EVENTS, value="2026-11-19"),
        stage(ACCOUNTS, {"country": "Germany"}, source_rows=1),
    ]
    report = check_batches(batches, [PartitionCount("app", "events", "2026-11-19", 10)], tmp_path / "docs")
    assert [result.message for result in report.blocking_failures] == [
        "raw_app.events: senders_are_known: 2 rows in 1 of 2 partitions "
        "(for example received_date=2026-11-20 row 2 id=e2; received_date=2026-11-20 row 3 id=e3)"
    ]
    assert [result.message for result in report.warnings] == [
        "raw_app.accounts: countries_are_iso_codes: 1 rows (for example received_date=2026-11-20 row 1 id=acc1)"
    ]


def test_check_batches__an_email_address_blocks_and_is_not_repeated_anywhere(stage: Stage, tmp_path: Path) -> None:
    address = "jane.doe@example.org"
    batch = stage(EVENTS, {"id": address, "sender": "bot"})
    report = check_batches([batch], [], tmp_path / "docs")
    result = result_of(report, EVENTS, "text_holds_no_email_address")
    assert not result.passed
    assert result.examples == ("received_date=2026-11-20 row 1 id=(20 characters)",)
    assert address not in repr(report)
    assert not [page for page in (tmp_path / "docs").rglob("*.html") if "jane.doe" in page.read_text(encoding="utf-8")]


def test_check_batches__an_unknown_table_is_refused_by_name(stage: Stage, tmp_path: Path) -> None:
    batch = BatchFile("app", "invitations", "snapshot_date", "2026-11-20", tmp_path / "data.parquet", 0, 0, 0)
    with pytest.raises(ValueError, match=r"raw_app\.invitations: add the table to expectations/raw_tables\.py"):
        check_batches([batch], [], tmp_path / "docs")


def test_check_batches__a_partition_name_with_quotes_is_a_name_like_any_other(stage: Stage, tmp_path: Path) -> None:
    name = 'costs_o\'brien "2026".csv'
    report = check_batches([stage(("raw_spend", "costs"), {"source_file": name}, value=name)], [], tmp_path / "docs")
    assert not report.blocking_failures


def test_check_batches__a_halved_table_blocks_until_a_person_accepts_its_volume(stage: Stage, tmp_path: Path) -> None:
    halved = replace(stage(ACCOUNTS, value="2026-11-21"), source_rows=0)
    previous = [
        PartitionCount("app", "accounts", "2026-11-20", 100),
        PartitionCount("app", "agents", "2026-11-20", 100),
    ]
    report = check_batches([halved], previous, tmp_path / "docs")
    assert {result.spec.name for result in report.blocking_failures} == {
        "volume_is_not_halved",
        "source_did_not_fall_silent",
    }
    told = check_batches([halved], previous, tmp_path / "docs_2", accepted_volume={ACCOUNTS})
    assert not told.blocking_failures
    assert [result.message for result in told.warnings] == [result.message for result in report.blocking_failures]


def test_merged__what_failed_once_has_failed_and_says_each_time_it_did() -> None:
    spec = CheckSpec(EVENTS, "senders_are_known", "warn", "No others.")
    reports = [
        Report((CheckResult(spec, passed=True, observed="0 rows"),)),
        Report((CheckResult(spec, passed=False, observed="2 rows", examples=("a", "b")),)),
        Report((CheckResult(spec, passed=False, observed="9 rows", examples=("c", "d", "e", "f")),)),
    ]
    (result,) = merged(reports).results
    assert (result.passed, result.observed) == (False, "2 rows; 9 rows")
    assert result.examples == ("a", "b", "c", "d", "e")


def test_merged__what_was_asked_of_something_speaks_for_what_was_asked_of_nothing() -> None:
    spec = CheckSpec(EVENTS, "senders_are_known", "warn", "No others.")
    asked = Report((CheckResult(spec, passed=True, observed="0 rows in 1 of 7 partitions"),))
    nothing = Report((CheckResult(spec, passed=True, observed="no batch arrived in this run", was_judged=False),))
    assert merged([nothing, asked, nothing]) == asked
    assert merged([nothing, nothing]) == nothing


def test_check_marts__good_marts_pass_and_leave_docs(tmp_path: Path) -> None:
    warehouse = write_warehouse(tmp_path / "warehouse.duckdb")
    report = check_marts(warehouse, tmp_path / "docs", AS_OF, expected=[mart.name for mart in MART_CONTRACTS])
    assert tuple(result.spec for result in report.results) == mart_checks()
    assert [result.message for result in report.results if not result.passed] == []
    assert (tmp_path / "docs" / "index.html").exists()


def test_check_marts__failures_name_the_keys(tmp_path: Path) -> None:
    warehouse = write_warehouse(
        tmp_path / "warehouse.duckdb",
        "update marts.fct_conversations set quality_score = 101",
        "delete from marts.mrr_daily where date = date '2026-10-03'",
        "update marts.mrr_daily set mrr_eur = 200 where date = date '2026-11-21'",
    )
    report = check_marts(warehouse, tmp_path / "docs", AS_OF)
    assert [result.message for result in report.blocking_failures] == [
        "marts.fct_conversations: scores_lie_between_0_and_100: 1 rows (for example conversation_id=c1)",
        "marts.mrr_daily: every_day_has_a_row: 1 days missing (for example after 2026-10-02)",
    ]
    assert [result.message for result in report.warnings] == [
        "marts.mrr_daily: mrr_moves_gently: 1 days (for example 2026-11-21: 99.0000 to 200.0000 EUR)"
    ]


def test_check_marts__an_absent_mart_blocks_only_where_it_is_expected(tmp_path: Path) -> None:
    warehouse = write_warehouse(tmp_path / "warehouse.duckdb", "drop table marts.kpi_daily")
    assert not check_marts(warehouse, tmp_path / "docs", AS_OF).blocking_failures
    report = check_marts(warehouse, tmp_path / "docs_2", AS_OF, expected={"kpi_daily"})
    assert [result.message for result in report.blocking_failures] == [
        "marts.kpi_daily: mart_is_built: 6 columns missing (for example the mart is not in the file)"
    ]


def test_check_marts__an_unknown_expectation_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no checks are known for revenue_mothly"):
        check_marts(tmp_path / "warehouse.duckdb", tmp_path / "docs", AS_OF, expected=["revenue_mothly"])


def test_check_marts__the_machines_time_zone_changes_nothing(tmp_path: Path) -> None:
    warehouse = write_warehouse(tmp_path / "warehouse.duckdb")
    script = (
        "import sys, time, pathlib, datetime; time.tzset(); from expectations.run import check_marts; "
        "report = check_marts(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), datetime.date(2026, 11, 21)); "
        "print(len(report.blocking_failures))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(warehouse), str(tmp_path / "docs")],
        capture_output=True,
        text=True,
        check=True,
        env={"TZ": "Pacific/Kiritimati", "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert done.stdout.strip().endswith("0")


def test_validate__an_expectation_that_cannot_be_evaluated_is_an_error_not_a_verdict(tmp_path: Path) -> None:
    # Limits the wrong way round: the library refuses to judge.
    rule = Rule(spec=CheckSpec(EVENTS, "limits_make_sense", "warn", "No."), minimum=2, maximum=1)
    profile = Profile(EVENTS, (rule,), ("all",), {"limits_make_sense": (1.0,)})
    with pytest.raises(Exception, match=r"min|limits_make_sense"):
        validate("gate_1_batches", [profile], tmp_path / "docs")
