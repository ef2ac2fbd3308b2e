"""Erasing as a run does it: who is asked for, what is dropped, and the search of every file."""

from __future__ import annotations

import gzip
import hashlib
import json
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingestion.contract import RunContext, StagedBatch
from ingestion.erasure.keyring import KeyRing
from ingestion.erasure.ledger import Ledger
from ingestion.erasure.subjects import ErasedSubjects
from ingestion.lake import Lake
from ingestion.landing import commit
from ingestion.retry import PermanentSourceError
from ingestion.sources.app.contract import ACCOUNTS
from ingestion.sources.stripe.contract import TABLES
from ingestion.staging import PartitionWriter, Provenance
from orchestration.failures import ConfigurationError, RunFailedError
from orchestration.lib.erasure import (
    TableErasure,
    by_table,
    catch_up,
    drop_derived,
    erase_from_lake,
    erased_subjects,
    foresee,
    key_ring,
    remember_found,
    request_of,
)
from orchestration.lib.erasure_certificate import certify
from orchestration.lib.erasure_scan import find_erased
from orchestration.lib.paths import DataLayout
from orchestration.lib.session import RunSession
from orchestration.settings import Settings
from tests.unit.orchestration.conftest import RecordedProgress

NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)
KEYS = KeyRing.parse("k2:the secret of the second year", ["k1:the secret of the first year"])
ERASED = ErasedSubjects(
    KEYS,
    {
        "visitor": frozenset(KEYS.tokens("visitor", "visitor-one")),
        "stripe": frozenset(KEYS.tokens("stripe", "re_erased1")),
        "account": frozenset(KEYS.tokens("account", "12345")),
    },
)


@pytest.fixture
def session(tmp_path: Path) -> RunSession:
    settings = Settings(
        _env_file=None,
        NETVEXA_DATA_DIR=str(tmp_path / "data"),
        NETVEXA_PSEUDONYM_KEY="k2:the secret of the second year",
        NETVEXA_PSEUDONYM_RETIRED_KEYS="k1:the secret of the first year",
    )
    return RunSession(settings, DataLayout(settings.data_dir), NOW, NOW, lambda: NOW, RecordedProgress())


def test_request__a_visitor_is_asked_for_under_every_key_and_a_token_under_its_own() -> None:
    (token,) = KEYS.tokens("visitor", "visitor-two", ["k1"])
    request = request_of(KEYS, ["visitor-one", token], [])
    assert request.tokens["visitor"] == {*KEYS.tokens("visitor", "visitor-one"), token}


def test_request__the_same_people_in_another_order_are_the_same_request_and_others_are_not() -> None:
    first = request_of(KEYS, ["a", "b"], ["c"])
    assert first.id == request_of(KEYS, ["b", "a", "a"], ["c"]).id
    assert first.id != request_of(KEYS, ["a", "b"], []).id


def test_request__shows_nobody_by_name() -> None:
    assert "visitor-one" not in repr(request_of(KEYS, ["visitor-one"], []))


def test_request__of_nobody_or_by_a_token_of_an_unknown_key_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="nobody is named"):
        request_of(KEYS, [], [])
    with pytest.raises(ConfigurationError, match="token of key k9"):
        request_of(KEYS, [f"k9_{'0' * 64}"], [])


def test_keys__one_id_for_two_secrets_is_a_configuration_error(session: RunSession) -> None:
    settings = session.settings.model_copy(update={"pseudonym_key": session.settings.pseudonym_retired_keys})
    with pytest.raises(ConfigurationError, match="k1 stands twice"):
        key_ring(settings)


def test_foreseeing__an_account_that_shares_its_customer_with_one_that_stays_is_refused(session: RunSession) -> None:
    lake = Lake(session.layout.lake)
    accounts = [{"id": one, "created_at": NOW, "stripe_customer_id": "cus_1"} for one in ("first", "second")]
    customer = {"id": "cus_1", "created_at": NOW, "livemode": True, "read_at": NOW, "payload": '{"id":"cus_1"}'}
    for table, day, rows in ((ACCOUNTS, "2026-11-22", accounts), (TABLES["customers"], "2026-11-22", [customer])):
        run = RunContext("run", NOW, lambda: NOW, lambda text: None)
        with PartitionWriter(lake, run, table, day, Provenance("a test")) as writer:
            writer.write(pa.Table.from_pylist(rows, table.schema))
            commit(lake, StagedBatch(table.source, (writer.finish(),)))
    with pytest.raises(ConfigurationError, match=r"names the account's Stripe customer, too: cus_1\. .* then erase"):
        foresee(session, request_of(KEYS, [], ["first"]))
    assert [one.table for one in foresee(session, request_of(KEYS, [], ["second"]))] == ["raw_app.accounts"]
    assert not session.layout.erasures.exists()


def test_erasing__writes_the_ledger_and_drops_the_warehouse_even_when_the_lake_is_empty(session: RunSession) -> None:
    session.layout.warehouse.parent.mkdir(parents=True)
    # And what kills leave beside it.
    for name in ("", ".wal", ".copy", ".copy.wal"):
        session.layout.warehouse.with_name(session.layout.warehouse.name + name).touch()
    request = request_of(KEYS, ["visitor-one"], [])
    erase_from_lake(session, "run", request)
    assert Ledger.read(session.layout.erasures).tokens["visitor"] == request.tokens["visitor"]
    assert not list(session.layout.root.glob("warehouse/*"))
    assert "visitor-one" not in "".join(path.read_text() for path in session.layout.erasures.glob("*.json*"))


def test_a_night__stops_while_the_ledger_needs_a_key_that_is_gone(session: RunSession) -> None:
    erase_from_lake(session, "run", request_of(KEYS, ["visitor-one"], []))
    forgetful = RunSession(
        session.settings.model_copy(update={"pseudonym_retired_keys": None}),
        session.layout,
        NOW,
        NOW,
        lambda: NOW,
        RecordedProgress(),
    )
    with pytest.raises(PermanentSourceError, match="tokens of key k1"):
        erased_subjects(forgetful)


def test_a_night__keeps_in_the_ledger_what_the_border_saw_of_the_erased(session: RunSession) -> None:
    erase_from_lake(session, "run", request_of(KEYS, ["visitor-one"], []))
    erased = erased_subjects(session)
    erased.join("conversation", ["a new conversation"])
    remember_found(session, "run-of-a-night", erased)
    catch_up(session, "run-of-a-night")
    assert erased_subjects(session).holds("conversation", "a new conversation")


def test_numbers__are_summed_by_table_and_money_is_renamed_not_removed() -> None:
    found = by_table({"raw_app/events/d=1": [3, 1], "raw_app/events/d=2": [2, 0], "raw_stripe/invoices/d=1": [4, 0]})
    assert found == [TableErasure("raw_app.events", 2, 5, 0, 1), TableErasure("raw_stripe.invoices", 1, 0, 4, 0)]


def test_dropping__remembers_from_when_on_versions_are_clean(session: RunSession) -> None:
    drop_derived(session)
    (written,) = session.layout.erasures.iterdir()
    assert json.loads(written.read_text()) == {"stale_until": NOW.isoformat()}


def _parquet(path: Path, text: str) -> None:
    pq.write_table(pa.table({"n": [1], "payload": [json.dumps({"id": text})]}), path, compression="zstd")


def _duckdb(path: Path, text: str) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table t as select [?] as listed", [text])


def _sqlite(path: Path, text: str) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("create table t (b blob)")
        connection.execute("insert into t values (?)", [text.encode()])
    connection.close()


FORMS = {
    "a.parquet": _parquet,
    "a.parquet.next": _parquet,
    "a.duckdb": _duckdb,
    "a.duckdb.copy": _duckdb,
    "a.db": _sqlite,
    "a.json.gz": lambda path, text: path.write_bytes(gzip.compress(f'{{"id": "{text}"}}'.encode())),
    "a.log": lambda path, text: path.write_text(f"refused row {text}, see\n"),
    "a.msgpack": lambda path, text: path.write_bytes(b"\xa7\x00" + text.encode() + b"\xff\x00"),
}


@pytest.mark.parametrize(
    "text", ["visitor-one", "re_erased1", "re_erased1:recurring", KEYS.tokens("visitor", "visitor-one")[1]]
)
@pytest.mark.parametrize("name", FORMS)
def test_search__finds_somebody_erased_in_every_form(tmp_path: Path, name: str, text: str) -> None:
    FORMS[name](tmp_path / name, text)
    assert find_erased(DataLayout(tmp_path), ERASED) == [tmp_path / name]


@pytest.mark.parametrize("name", FORMS)
def test_search__finds_nobody_where_nobody_is(tmp_path: Path, name: str) -> None:
    FORMS[name](tmp_path / name, "visitor-two, number 12345")
    assert find_erased(DataLayout(tmp_path), ERASED) == []


def test_search__finds_an_id_with_whatever_characters_where_it_is_a_value(tmp_path: Path) -> None:
    conversation = "chat/2026 (élan)"
    erased = ErasedSubjects(KEYS, {"conversation": frozenset(KEYS.tokens("conversation", conversation))})
    pq.write_table(pa.table({"conversation_id": ["chat/2026 (other)", conversation]}), tmp_path / "a.parquet")
    pq.write_table(pa.table({"conversation_id": ["chat/2026 (other)"]}), tmp_path / "b.parquet")
    for name, value in (("a.duckdb", conversation), ("b.duckdb", "chat/2026 (other)")):
        with duckdb.connect(str(tmp_path / name)) as connection:
            connection.execute("create table t as select ? as conversation_id", [value])
    assert find_erased(DataLayout(tmp_path), erased) == [tmp_path / "a.duckdb", tmp_path / "a.parquet"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("cut.parquet", b"PAR1 and no end"),
        ("cut.duckdb", b"\0" * 8 + b"DUCK" + b"\0" * 40),
        ("cut.gz", gzip.compress(b"a text that is long enough to be cut off")[:-9]),
        ("cut.db", b"SQLite format 3\0" + b"x" * 100),
    ],
)
def test_search__a_file_that_cannot_be_read_is_named_and_nothing_is_certified(
    tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(RunFailedError, match=rf"{name} cannot be searched .* Close what has it open"):
        find_erased(DataLayout(tmp_path), ERASED)


def test_search__finds_what_was_typed_though_it_is_no_single_word_and_across_the_pieces_a_file_is_read_in(
    tmp_path: Path,
) -> None:
    (tmp_path / "long").write_text("x" * ((1 << 22) - 8) + " visitor-one ")
    (tmp_path / "typed").write_text("name: Jane Doe!")
    assert find_erased(DataLayout(tmp_path), ERASED, ["Jane Doe!"]) == [tmp_path / "long", tmp_path / "typed"]


def test_search__leaves_the_ledger_and_the_sample_companys_sources_out(tmp_path: Path) -> None:
    for folder in ("erasures", "sample"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "file").write_text("visitor-one")
    assert find_erased(DataLayout(tmp_path), ERASED) == []


def test_certificate__is_issued_after_evidence_that_names_somebody_is_gone(session: RunSession) -> None:
    layout = session.layout
    kept = [layout.runs / "20260102T000000Z-b" / "run.log", layout.logs / "other.log"]
    named = [
        layout.runs / "20260101T000000Z-a" / "gate_1" / "index.html",
        layout.logs / "dbt.log",
        layout.dagster_home / "history" / "runs" / "a.db",
    ]
    for path in (*kept, *named):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("visitor-one failed" if path in named else "visitor-two failed")
    request = request_of(KEYS, ["visitor-one"], [])
    erase_from_lake(session, "run", request)
    certificate = certify(session, request, ["20260101T000000Z"])
    assert certificate.evidence_removed == ("dagster", "logs/dbt.log", "runs/20260101T000000Z-a")
    assert all(path.exists() for path in kept)
    assert not any(path.exists() for path in named)
    assert (certificate.versions_dropped, certificate.found_afterwards) == (1, 0)


def test_certificate__is_signed_over_what_is_written_and_names_tokens_only(session: RunSession) -> None:
    request = request_of(KEYS, ["visitor-one"], [])
    erase_from_lake(session, "run", request)
    certificate = certify(session, request, [])
    (path,) = (session.layout.erasures / "certificates").iterdir()
    text = path.read_text()
    written = json.loads(text)
    assert set(written["tokens"]) == request.tokens["visitor"]
    assert "visitor-one" not in text
    unsigned = text.replace(certificate.sha256, "")
    assert hashlib.sha256(unsigned.encode()).hexdigest() == certificate.sha256


def test_certificate__given_again_leaves_the_first_as_it_is(session: RunSession) -> None:
    request = request_of(KEYS, ["visitor-one"], [])
    erase_from_lake(session, "run", request)
    certify(session, request, [])
    (first,) = (session.layout.erasures / "certificates").iterdir()
    text = first.read_text()
    certify(replace(session, clock=lambda: session.clock() + timedelta(days=1)), request, [])
    assert first.read_text() == text
    assert len(list(first.parent.iterdir())) == 2


def test_certificate__is_refused_while_a_file_that_is_no_evidence_names_somebody(session: RunSession) -> None:
    request = request_of(KEYS, ["visitor-one"], [])
    erase_from_lake(session, "run", request)
    (session.layout.root / "superset").mkdir()
    (session.layout.root / "superset" / "superset.db").write_text("select 'visitor-one'")
    with pytest.raises(RunFailedError, match=r"still named in superset/superset\.db"):
        certify(session, request, [])
    assert not (session.layout.erasures / "certificates").exists()
