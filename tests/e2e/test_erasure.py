"""Erased, and it shows nowhere: a visitor as if it had never been, an account whose money stays to the last decimal."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import duckdb
import pytest

from ingestion.erasure.apply import look
from ingestion.erasure.keyring import KeyRing
from ingestion.erasure.ledger import Ledger
from ingestion.erasure.related import place
from ingestion.erasure.subjects import ErasedSubjects
from ingestion.lake import Lake
from ingestion.simulator.world import build_world
from orchestration.failures import ConfigurationError
from orchestration.lib.erasure import Request, catch_up, erase_from_lake, foresee, key_ring, request_of
from orchestration.lib.erasure_certificate import certify
from orchestration.lib.erasure_scan import find_erased
from orchestration.lib.paths import DataLayout
from orchestration.settings import Settings
from serving.version import Version
from serving.versions import version_ids
from tests.e2e.sources import Company, company_in_duckdb
from tests.e2e.steps import build_and_publish, hashes, land, nightly, read_rows, session_of

AS_OF = datetime(2026, 3, 15, 3, tzinfo=UTC)
FINANCE = (
    "churn_cohorts",
    "fct_mrr_account_months",
    "fct_mrr_movements",
    "fct_revenue_lines",
    "mrr_daily",
    "plan_mix_monthly",
    "revenue_mix_monthly",
    "revenue_monthly",
)
# Ids, and what the account's behaviour told of it.
NOT_MONEY = ("account_id", "invoice_id", "revenue_line_id", "acquisition_channel")
BEHAVIOUR = ("dim_agents", "fct_agent_days", "fct_agent_ttfv", "fct_conversations")


@dataclass(frozen=True)
class Erased:
    """One erasure: the version before, whom it was of, and the version after."""

    company: Company
    settings: Settings
    request: Request
    before: Path
    after: Version

    @property
    def layout(self) -> DataLayout:
        return DataLayout(self.settings.data_dir)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """Three months of a company."""
    with company_in_duckdb(build_world(AS_OF, months=3), tmp_path_factory.mktemp("erasure_company")) as company:
        yield company


@pytest.fixture(scope="module")
def visitor(company: Company) -> str:
    """The one with most conversations whose every event can land."""
    found = read_rows(
        company.folder / "app.duckdb",
        "select visitor_id from events where visitor_id <> 'v-odd' group by visitor_id"
        " order by count(distinct conversation_id) desc, visitor_id limit 1",
    )
    return str(found[0][0])


@pytest.fixture(scope="module")
def erased_visitor(company: Company, visitor: str, tmp_path_factory: pytest.TempPathFactory) -> Erased:
    settings = company.settings(tmp_path_factory.mktemp("erased_visitor") / "data", AS_OF)
    return _erased(company, settings, nightly(settings, tested=False), request_of(key_ring(settings), [visitor], []))


@pytest.fixture(scope="module")
def erased_account(erased_visitor: Erased, tmp_path_factory: pytest.TempPathFactory) -> Erased:
    """Of the accounts whose subscriptions have all ended the one with most lines of revenue, in the same data."""
    settings = erased_visitor.settings
    account_id, *_ = read_rows(
        erased_visitor.after.warehouse,
        "select account_id from marts.fct_revenue_lines join marts.dim_accounts using (account_id)"
        " where status = 'churned' and account_id not like 'stripe:%'"
        " group by account_id order by count(distinct line_kind) desc, count(*) desc, account_id limit 1",
    )[0]
    request = request_of(key_ring(settings), [], [str(account_id)])
    return _erased(erased_visitor.company, settings, erased_visitor.after, request)


def _erased(company: Company, settings: Settings, version: Version, request: Request) -> Erased:
    before = settings.data_dir.parent / f"before-{request.id}.duckdb"
    shutil.copy(version.warehouse, before)
    shutil.copytree(DataLayout(settings.data_dir).lake, settings.data_dir.parent / f"lake-before-{request.id}")
    with session_of(settings) as session:
        foresee(session, request)
        erase_from_lake(session, uuid4().hex, request)
    return Erased(company, settings, request, before, build_and_publish(settings))


def test_a_visitor_erased__leaves_the_marts_of_a_world_where_it_never_was(
    erased_visitor: Erased, visitor: str, tmp_path: Path
) -> None:
    company = erased_visitor.company
    shutil.copy(company.folder / "app.duckdb", tmp_path / "app.duckdb")
    with duckdb.connect(str(tmp_path / "app.duckdb")) as app:
        (gone,) = app.execute("delete from events where visitor_id = ?", [visitor]).fetchone() or (0,)
    assert gone > 0
    reading = company.reading(f"duckdb:///{tmp_path / 'app.duckdb'}")
    without = nightly(reading.settings(tmp_path / "data", AS_OF), tested=False)
    assert hashes(erased_visitor.after) == hashes(without)
    assert _rows(erased_visitor.before, "fct_conversations") != _rows(without.warehouse, "fct_conversations")


def test_an_erasure__drops_every_older_version_and_names_nobody_anywhere(erased_visitor: Erased, visitor: str) -> None:
    with session_of(erased_visitor.settings) as session:
        certificate = certify(session, erased_visitor.request, ["20260101T000000Z", erased_visitor.after.id])
    assert version_ids(erased_visitor.layout.published) == (erased_visitor.after.id,)
    assert (certificate.found_afterwards, certificate.versions_dropped) == (0, 1)
    assert [table.table for table in certificate.tables] == ["raw_app.events"]
    (written,) = (erased_visitor.layout.erasures / "certificates").glob(f"{certificate.request_id}-*.json")
    assert visitor not in written.read_text()


def test_a_search_afterwards__finds_a_file_that_was_forgotten(erased_visitor: Erased) -> None:
    forgotten = erased_visitor.layout.root / "forgotten.duckdb"
    shutil.copy(erased_visitor.before, forgotten)
    _, subjects = _left(erased_visitor)
    try:
        assert find_erased(erased_visitor.layout, subjects) == [forgotten]
    finally:
        forgotten.unlink()


def test_the_erased__stay_out_of_the_next_night_and_of_a_lake_put_back_from_a_backup(
    erased_visitor: Erased, tmp_path: Path
) -> None:
    copy = _copied(erased_visitor, tmp_path)
    land(copy.settings)
    assert _left(copy)[0] == 0
    shutil.rmtree(copy.layout.lake)
    shutil.copytree(_lake_before(erased_visitor), copy.layout.lake)
    copy.layout.warehouse.parent.mkdir()
    copy.layout.warehouse.touch()
    assert _left(copy)[0] > 0
    with session_of(copy.settings) as session:
        catch_up(session, "night")
    assert _left(copy)[0] == 0
    assert not copy.layout.warehouse.exists()


def test_one_partition_put_back_from_a_backup__is_noticed_and_rewritten(erased_visitor: Erased, tmp_path: Path) -> None:
    copy = _copied(erased_visitor, tmp_path)
    _, related = look(Lake(_lake_before(erased_visitor)), *_ledger_and_keys(copy))
    partition = place(related.affected[0].manifest)
    shutil.rmtree(copy.layout.lake / partition)
    shutil.copytree(_lake_before(erased_visitor) / partition, copy.layout.lake / partition)
    assert _left(copy)[0] == 1
    with session_of(copy.settings) as session:
        catch_up(session, "night")
    assert _left(copy)[0] == 0


def test_an_account_erased__leaves_its_money_to_the_last_decimal(erased_account: Erased) -> None:
    for mart in FINANCE:
        columns = [name for name in _columns_of(erased_account.before, mart) if name not in NOT_MONEY]
        select = f"select {', '.join(columns)} from marts.{mart} order by all"
        before = read_rows(erased_account.before, select)
        assert read_rows(erased_account.after.warehouse, select) == before, mart


def test_an_account_erased__takes_its_behaviour_and_its_ids_along(erased_account: Erased) -> None:
    account_id = erased_account.request.typed[0]
    for mart in BEHAVIOUR:
        others = f"select * from marts.{mart} where account_id <> '{account_id}' order by all"
        assert read_rows(erased_account.after.warehouse, f"select * from marts.{mart} order by all") == read_rows(
            erased_account.before, others
        ), mart
    ids = "select account_id from marts.fct_revenue_lines"
    assert not [name for (name,) in read_rows(erased_account.after.warehouse, ids) if name == account_id]
    assert any(
        str(name).startswith("erased_")
        for (name,) in read_rows(erased_account.after.warehouse, "select account_id from marts.fct_mrr_movements")
    )
    affected, subjects = _left(erased_account)
    assert affected == 0
    assert find_erased(erased_account.layout, subjects, erased_account.request.typed) == []


def test_an_account_erased__stays_out_of_the_next_night_with_its_customer(erased_account: Erased) -> None:
    before = hashes(erased_account.after)
    assert hashes(nightly(erased_account.settings, tested=False)) == before
    assert _left(erased_account)[0] == 0


def test_an_account_that_still_pays__is_refused_and_nothing_is_written(erased_account: Erased) -> None:
    paying = read_rows(
        erased_account.layout.published / "current" / "warehouse.duckdb",
        "select account_id from marts.dim_accounts where status = 'paying' order by 1 limit 1",
    )
    head = Ledger.read(erased_account.layout.erasures).head
    with (
        session_of(erased_account.settings) as session,
        pytest.raises(ConfigurationError, match="Cancel at Stripe"),
    ):
        foresee(session, request_of(key_ring(erased_account.settings), [], [str(paying[0][0])]))
    assert Ledger.read(erased_account.layout.erasures).head == head


def _copied(erased: Erased, folder: Path) -> Erased:
    """The same lake and ledger in another data directory."""
    copy = replace(erased, settings=erased.company.settings(folder / "data", AS_OF))
    for name in ("lake", "erasures"):
        shutil.copytree(erased.layout.root / name, copy.layout.root / name)
    shutil.copy(erased.layout.company_marker, copy.layout.company_marker)
    return copy


def _left(erased: Erased) -> tuple[int, ErasedSubjects]:
    subjects, related = look(Lake(erased.layout.lake), *_ledger_and_keys(erased))
    return len(related.affected), subjects


def _ledger_and_keys(erased: Erased) -> tuple[Ledger, KeyRing]:
    return Ledger.read(erased.layout.erasures), key_ring(erased.settings)


def _lake_before(erased: Erased) -> Path:
    return erased.layout.root.parent / f"lake-before-{erased.request.id}"


def _rows(database: Path, mart: str) -> list[tuple[object, ...]]:
    return read_rows(database, f"select * from marts.{mart} order by all")


def _columns_of(database: Path, mart: str) -> list[str]:
    described = read_rows(database, f"describe marts.{mart}")
    return [str(row[0]) for row in described]
