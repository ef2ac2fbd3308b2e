"""The lake after the ledger was applied: byte for byte what would have landed, found again after a kill."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingestion.contract import INSTANT as INSTANT_TYPE
from ingestion.contract import QUARANTINE_SCHEMA, StagedBatch, TableContract
from ingestion.erasure import apply as applying
from ingestion.erasure.apply import Applied, apply_ledger, is_applied, look
from ingestion.erasure.keyring import KeyRing
from ingestion.erasure.ledger import Ledger
from ingestion.erasure.replacement import PLAN_FILE
from ingestion.expiry import forget_quarantined_rows
from ingestion.lake import DATA_FILE, Lake
from ingestion.landing import commit, read_manifests
from ingestion.retry import PermanentSourceError
from ingestion.sources.app.contract import ACCOUNTS, AGENTS, EVENTS
from ingestion.sources.stripe.contract import TABLES
from ingestion.staging import PartitionWriter, Provenance
from tests.unit.ingestion.lake_cases import INSTANT, landed_rows, make_run, quarantined_rows

KEYS = KeyRing.parse("k1:a secret of these tests")
AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
FOLDED = TableContract(
    "folded",
    "agent_days",
    "activity_date",
    pa.schema([("account_id", pa.string()), ("agent_id", pa.string()), ("n", pa.int64())]),
    (),
    "a day",
)


def put(
    lake: Lake, table: TableContract, value: str, rows: Sequence[dict[str, Any]], aside: Sequence[str] = ()
) -> None:
    """Land rows as one partition, with keys that it set aside; what a row does not name is NULL."""
    with PartitionWriter(lake, make_run(), table, value, Provenance("a test", key_id="k1", read_to=INSTANT)) as writer:
        writer.write(pa.Table.from_pylist(list(rows), table.schema))
        broken = [{"key": key, "reason": "broken", "origin": "here"} for key in aside]
        writer.set_aside(pa.Table.from_pylist(broken, QUARANTINE_SCHEMA))
        commit(lake, StagedBatch(table.source, (writer.finish(),)))


def event(name: str, visitor: str | None, conversation: str | None, account: str = "a1") -> dict[str, Any]:
    token = KEYS.tokens("visitor", visitor)[0] if visitor else None
    ids = {"id": name, "visitor_token": token, "conversation_id": conversation, "account_id": account}
    return {**ids, "event_type": "message_sent", "occurred_at": AT, "received_at": AT}


def apply(lake: Lake, folder: Path, **ids: str) -> Applied:
    tokens = {kind: set(KEYS.tokens(kind, one)) for kind, one in ids.items()}  # type: ignore[arg-type]
    ledger = Ledger.read(folder).extended("request", INSTANT, tokens)  # type: ignore[arg-type]
    return apply_ledger(
        lake, ledger, KEYS, make_run("erasing"), request_id="request", before_rewriting=lambda affected: None
    )


DAYS = {
    "2026-11-01": ([event("agent's", None, "c1"), event("theirs", "v1", "c1"), event("other", "v2", "c2")], ["theirs"]),
    "2026-11-02": ([event("late", "v3", "c1"), event("other day", "v2", "c3")], ["nobody's"]),
    "2026-11-03": ([event("untouched", "v2", "c4")], []),
}


def test_visitor__leaves_the_bytes_and_counts_that_would_have_landed(lake: Lake, tmp_path: Path) -> None:
    without = Lake(tmp_path / "without")
    for day, (rows, aside) in DAYS.items():
        put(lake, EVENTS, day, rows, aside)
        gone = {"agent's", "theirs", "late"}
        put(
            without,
            EVENTS,
            day,
            [row for row in rows if row["id"] not in gone],
            [key for key in aside if key not in gone],
        )
    applied = apply(lake, tmp_path / "erasures", visitor="v1")
    assert [(one.manifest.partition_value, one.rows, one.set_aside_rows) for one in applied.affected] == [
        ("2026-11-01", 2, 1),
        ("2026-11-02", 1, 0),
    ]
    assert [replace(one, run_id="") for one in read_manifests(lake)] == [
        replace(one, run_id="") for one in read_manifests(without)
    ]
    assert is_applied(lake, Ledger.read(tmp_path / "erasures"))


def test_visitor__applied_twice_changes_nothing(lake: Lake, tmp_path: Path) -> None:
    for day, (rows, aside) in DAYS.items():
        put(lake, EVENTS, day, rows, aside)
    first = apply(lake, tmp_path / "erasures", visitor="v1")
    manifests = read_manifests(lake)
    second = apply(lake, tmp_path / "erasures", visitor="v1")
    assert second.affected == ()
    assert second.ledger == first.ledger
    assert read_manifests(lake) == manifests


def test_account__goes_from_every_table_that_names_it_or_its_agents(lake: Lake, tmp_path: Path) -> None:
    put(lake, ACCOUNTS, "2026-11-22", [{"id": "a1", "created_at": AT}, {"id": "a2", "created_at": AT}], ["a1"])
    agents = [{"id": "g1", "account_id": "a1", "created_at": AT}, {"id": "g2", "account_id": "a2", "created_at": AT}]
    put(lake, AGENTS, "2026-11-22", agents, ["g1", "g3"])
    put(lake, FOLDED, "2026-01-01", [{"account_id": None, "agent_id": "g1", "n": 1}, {"account_id": "a2", "n": 2}])
    put(lake, EVENTS, "2026-11-01", [event("1", "v1", "c1", "a1"), event("2", "v1", "c2", "a2")])
    apply(lake, tmp_path / "erasures", account="a1")
    assert [row["id"] for row in landed_rows(lake, "app", "accounts")] == ["a2"]
    assert [row["id"] for row in landed_rows(lake, "app", "agents")] == ["g2"]
    assert [row["n"] for row in landed_rows(lake, "folded", "agent_days")] == [2]
    assert [row["id"] for row in landed_rows(lake, "app", "events")] == ["2"]
    assert quarantined_rows(lake, "app", "accounts") == []
    assert [row["key"] for row in quarantined_rows(lake, "app", "agents")] == ["g3"]


def stripe(name: str, **payload: Any) -> dict[str, Any]:
    document = {"id": name, **payload}
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return {"id": name, "created_at": AT, "livemode": True, "read_at": AT, "payload": text}


def land_money(lake: Lake) -> None:
    put(lake, ACCOUNTS, "2026-11-22", [{"id": "a1", "created_at": AT, "stripe_customer_id": "cus_1"}])
    put(lake, TABLES["customers"], "2026-11-21", [stripe("cus_1"), stripe("cus_2", metadata={"account_id": "a2"})])
    put(lake, TABLES["subscriptions"], "2026-11-21", [stripe("sub_1", customer="cus_1", status="canceled")])
    invoices = [stripe("in_1", customer="cus_1", total=500), stripe("in_2", customer="cus_2", total=700)]
    put(lake, TABLES["invoices"], "2026-11-21", invoices)
    put(lake, TABLES["invoice_payments"], "2026-11-20", [stripe("inpay_1", invoice="in_1")], ["inpay_1", "inpay_2"])
    paid = {**stripe("evt_1", customer="cus_1"), "type": "invoice.paid", "object_id": "in_1"}
    put(lake, TABLES["events"], "2026-11-21", [paid])


def test_account__its_money_stays_under_new_ids_that_fit_together(lake: Lake, tmp_path: Path) -> None:
    land_money(lake)
    apply(lake, tmp_path / "erasures", account="a1")
    payloads = {table: [json.loads(row["payload"]) for row in landed_rows(lake, "stripe", table)] for table in TABLES}
    customer, other = payloads["customers"]
    assert other == {"id": "cus_2", "metadata": {"account_id": "a2"}}
    assert customer["metadata"]["account_id"].startswith("erased_")
    mine, others = payloads["invoices"]
    assert (mine["customer"], mine["total"]) == (customer["id"], 500)
    assert others == {"id": "in_2", "customer": "cus_2", "total": 700}
    assert payloads["invoice_payments"][0]["invoice"] == mine["id"]
    (told,) = landed_rows(lake, "stripe", "events")
    assert told["object_id"] == mine["id"]
    assert told["id"] not in {"evt_1", mine["id"]}
    assert [row["key"] for row in quarantined_rows(lake, "stripe", "invoice_payments")] == ["inpay_2"]
    assert not (tmp_path / "erasures" / PLAN_FILE).exists()


def test_account__an_open_subscription_is_told(lake: Lake, tmp_path: Path) -> None:
    land_money(lake)
    put(lake, TABLES["subscriptions"], "2026-11-22", [stripe("sub_1", customer="cus_1", status="past_due")])
    ledger = Ledger.read(tmp_path).holding("request", INSTANT, {"account": set(KEYS.tokens("account", "a1"))})
    assert look(lake, ledger, KEYS)[1].open_subscriptions == ["sub_1"]


@pytest.mark.parametrize("partitions", range(1, 6))
def test_account__killed_after_any_partition_ends_with_ids_that_fit_together(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, partitions: int
) -> None:
    land_money(lake)
    committed = 0

    def commit_some(lake: Lake, staged: StagedBatch) -> None:
        nonlocal committed
        for partition in staged.partitions:
            if committed == partitions:
                raise KeyboardInterrupt
            commit(lake, StagedBatch(staged.source, (partition,)))
            committed += 1

    with monkeypatch.context() as killing:
        killing.setattr("ingestion.erasure.rewriting.commit", commit_some)
        with pytest.raises(KeyboardInterrupt):
            apply(lake, tmp_path / "erasures", account="a1")
    assert not is_applied(lake, Ledger.read(tmp_path / "erasures"))
    apply(lake, tmp_path / "erasures", account="a1")
    payloads = {table: [json.loads(row["payload"]) for row in landed_rows(lake, "stripe", table)] for table in TABLES}
    customer, invoice = payloads["customers"][0], payloads["invoices"][0]
    assert customer["id"] not in {"cus_1", invoice["id"]}
    assert payloads["subscriptions"][0]["customer"] == invoice["customer"] == customer["id"]
    assert payloads["invoice_payments"][0]["invoice"] == invoice["id"]
    assert [row["key"] for row in quarantined_rows(lake, "stripe", "invoice_payments")] == ["inpay_2"]


def test_restored__an_older_partition_and_an_older_lake_are_noticed(lake: Lake, tmp_path: Path) -> None:
    for day, (rows, aside) in DAYS.items():
        put(lake, EVENTS, day, rows, aside)
    apply(lake, tmp_path / "erasures", visitor="v1")
    ledger = Ledger.read(tmp_path / "erasures")
    rows, aside = DAYS["2026-11-02"]
    put(lake, EVENTS, "2026-11-02", rows, aside)
    assert not is_applied(lake, ledger)
    apply(lake, tmp_path / "erasures", visitor="v1")
    assert is_applied(lake, ledger)
    (lake.root / applying.MARKER_FILE).unlink()
    assert not is_applied(lake, ledger)


def test_money__types_of_the_lake_are_kept(lake: Lake, tmp_path: Path) -> None:
    land_money(lake)
    before = pq.read_schema(next(lake.root.glob("raw_stripe/invoices/*/data.parquet")))
    apply(lake, tmp_path / "erasures", account="a1")
    assert pq.read_schema(next(lake.root.glob("raw_stripe/invoices/*/data.parquet"))) == before
    assert before.field("read_at").type == INSTANT_TYPE
    assert {row["read_at"] for row in landed_rows(lake, "stripe", "invoices")} == {AT}


def test_set_aside__rows_that_have_left_are_still_counted_after_their_partition_was_rewritten(
    lake: Lake, tmp_path: Path
) -> None:
    put(lake, EVENTS, "2026-11-01", [event("theirs", "v1", "c1"), event("other", "v2", "c2")], ["x", "y"])
    forget_quarantined_rows(lake, INSTANT.date())
    apply(lake, tmp_path / "erasures", visitor="v1")
    (rewritten,) = read_manifests(lake)
    assert (rewritten.source_rows, rewritten.landed_rows, rewritten.quarantined_rows) == (3, 1, 2)
    assert rewritten.quarantined_by_reason == {"broken": 2}
    assert set(rewritten.files) == {DATA_FILE}


@pytest.mark.parametrize("then_erased", [{"account": "a1"}, {"visitor": "v1"}, {"account": "a2"}])
def test_restored__a_day_of_money_from_before_an_accounts_erasure_is_refused_for_it_would_count_twice(
    lake: Lake, tmp_path: Path, then_erased: dict[str, str]
) -> None:
    land_money(lake)
    put(lake, TABLES["invoices"], "2026-11-22", [stripe("in_1", customer="cus_1", total=500)])
    apply(lake, tmp_path / "erasures", account="a1")
    before = read_manifests(lake)
    put(lake, TABLES["invoices"], "2026-11-22", [stripe("in_1", customer="cus_1", total=500)])
    with pytest.raises(PermanentSourceError, match=r"raw_stripe/invoices/read_date=2026-11-22 .* whole lake"):
        apply(lake, tmp_path / "erasures", **then_erased)
    assert [one for one in read_manifests(lake) if one.run_id == "erasing"] == [
        one for one in before if one.partition_value != "2026-11-22" or one.table != "invoices"
    ]


def test_restored__a_file_in_which_nobody_is_found_is_not_looked_at_again_every_night(
    lake: Lake, tmp_path: Path
) -> None:
    put(lake, EVENTS, "2026-11-01", [event("theirs", "v1", "c1"), event("other", "v2", "c2")])
    put(lake, EVENTS, "2026-11-02", [event("third", "v2", "c2")], ["theirs"])
    apply(lake, tmp_path / "erasures", visitor="v1")
    # Set aside under the id of a row that is gone: nothing says any more that it was the visitor's.
    put(lake, EVENTS, "2026-11-02", [event("third", "v2", "c2")], ["theirs"])
    assert not is_applied(lake, Ledger.read(tmp_path / "erasures"))
    apply(lake, tmp_path / "erasures", visitor="v1")
    assert is_applied(lake, Ledger.read(tmp_path / "erasures"))


def test_account__nothing_of_others_that_named_it_or_its_customer_does_so_afterwards(
    lake: Lake, tmp_path: Path
) -> None:
    put(lake, ACCOUNTS, "2026-11-20", [claiming("a1", "cus_1"), claiming("a2", "cus_1"), claiming("a3", "cus_2")])
    put(lake, ACCOUNTS, "2026-11-21", [claiming("a1", "cus_1"), claiming("a2", None), claiming("a3", "cus_2")])
    # Was the erased account's once, and is another's since.
    put(lake, TABLES["customers"], "2026-11-20", [stripe("cus_1"), stripe("cus_2", metadata={"account_id": "a1"})])
    put(lake, TABLES["customers"], "2026-11-21", [stripe("cus_2", metadata={"account_id": "a3"})])
    invoices = [stripe("in_1", customer="cus_1"), stripe("in_2", customer="cus_2")]
    put(lake, TABLES["invoices"], "2026-11-20", invoices)
    apply(lake, tmp_path / "erasures", account="a1")
    accounts = [(row["id"], row["stripe_customer_id"]) for row in landed_rows(lake, "app", "accounts")]
    assert accounts == [("a2", None), ("a3", "cus_2"), ("a2", None), ("a3", "cus_2")]
    first, once, now = [json.loads(row["payload"]) for row in landed_rows(lake, "stripe", "customers")]
    assert first["metadata"]["account_id"].startswith("erased_")
    assert (once, now) == ({"id": "cus_2", "metadata": {}}, {"id": "cus_2", "metadata": {"account_id": "a3"}})
    mine, others = [json.loads(row["payload"]) for row in landed_rows(lake, "stripe", "invoices")]
    assert (mine["customer"], others) == (first["id"], {"customer": "cus_2", "id": "in_2"})
    assert is_applied(lake, Ledger.read(tmp_path / "erasures"))


def test_account__a_customer_that_another_account_names_now_is_told(lake: Lake, tmp_path: Path) -> None:
    put(lake, ACCOUNTS, "2026-11-20", [claiming("a1", "cus_1"), claiming("a2", "cus_1")])
    put(lake, TABLES["customers"], "2026-11-20", [stripe("cus_1")])
    asked = {
        one: Ledger.read(tmp_path).holding("r", INSTANT, {"account": set(KEYS.tokens("account", one))})
        for one in ("a1", "a2")
    }
    assert look(lake, asked["a1"], KEYS)[1].shared_customers == ["cus_1"]
    # The one created first has it, so that nothing of the other's leaves.
    assert look(lake, asked["a2"], KEYS)[1].shared_customers == []
    put(lake, ACCOUNTS, "2026-11-21", [claiming("a1", "cus_1"), claiming("a2", None)])
    assert look(lake, asked["a1"], KEYS)[1].shared_customers == []


def claiming(account: str, customer: str | None) -> dict[str, Any]:
    return {"id": account, "created_at": AT, "stripe_customer_id": customer}


@pytest.mark.parametrize("account", ["a1", "stripe:cus_2"])
def test_account__a_customer_that_stripe_no_longer_lists_is_theirs_by_its_invoices(
    lake: Lake, tmp_path: Path, account: str
) -> None:
    put(lake, ACCOUNTS, "2026-11-22", [claiming("a1", "cus_1")])
    put(lake, TABLES["customers"], "2026-11-22", [])
    both = [stripe("in_1", customer="cus_1"), stripe("in_2", customer="cus_2")]
    put(lake, TABLES["invoices"], "2026-11-22", both)
    apply(lake, tmp_path / "erasures", account=account)
    customers = [json.loads(row["payload"])["customer"] for row in landed_rows(lake, "stripe", "invoices")]
    (gone,) = {"cus_1", "cus_2"} - set(customers)
    assert gone == ("cus_1" if account == "a1" else "cus_2")
