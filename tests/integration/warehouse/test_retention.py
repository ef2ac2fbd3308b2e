"""Days of events that leave: the numbers by the day stay, whichever way and in however many steps the days go.

Belongs here: folds of a little lake by the real dbt models and the real landing. Does not: which day is due
(tests/unit/orchestration), the job around it (tests/integration/orchestration).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from ingestion.contract import RunContext
from ingestion.erasure.apply import apply_ledger
from ingestion.erasure.keyring import KeyRing
from ingestion.erasure.ledger import Ledger
from ingestion.erasure.related import place
from ingestion.folding import fold as folding
from ingestion.folding.fold import Fold, folded_days, land_fold, newest_folded_day, remove_folded_days
from ingestion.lake import DATA_FILE, Lake, file_sha256
from ingestion.landing import read_manifests
from tests.integration.warehouse.dbt_warehouse import FOLDS, GROUPS, WAREHOUSE_FILE, DbtWarehouse
from tests.integration.warehouse.event_lake import EventLake, Row, by_day, event, little_world

END = datetime(2026, 4, 5, 3, tzinfo=UTC)
THROUGH = date(2026, 3, 28)
# What a conversation that has left is no longer in; and the record, which is of the events that stand.
GONE = {"fct_conversations", "record"}
COUNTS = """
    select reason, sum(event_count) from (
        select
            coalesce(set_aside_reason, if(conversation_id is null, 'other', 'conversation')) as reason,
            event_count
        from intermediate.int_event_groups__built
        union all select 'duplicate', duplicate_count from intermediate.int_event_groups__built
        union all select 'waiting', waiting_count from intermediate.int_event_groups__built
        union all select reason, event_count from intermediate.int_events__folded
    ) group by reason having sum(event_count) > 0 order by reason
"""


class Retention:
    """Folds of the lake that a test filled, through one warehouse."""

    def __init__(self, lake: Lake, dbt: DbtWarehouse, warehouse: Path) -> None:
        self.lake = lake
        self.dbt = dbt
        self.warehouse = warehouse

    def fold(self, through: date, now: datetime = END) -> Fold:
        self.dbt.build(self.warehouse, now, {"events_leave_through": through.isoformat()}, models=(*GROUPS, *FOLDS))
        with duckdb.connect(str(self.warehouse / WAREHOUSE_FILE), read_only=True) as connection:
            connection.execute("set timezone = 'UTC'")
            found = {
                name.removeprefix("int_folds__"): connection.execute(
                    f"select * from intermediate.{name}"
                ).to_arrow_table()
                for name in FOLDS
            }
        deliveries = found.pop("deliveries")
        later = pc.greater(deliveries["received_date"], deliveries["folded_date"])
        return Fold(**found, deliveries=deliveries.filter(later))

    def leave(self, through: date, now: datetime = END) -> None:
        land_fold(self.lake, self.run(now), self.fold(through, now))
        remove_folded_days(self.lake)

    def run(self, now: datetime = END) -> RunContext:
        return RunContext("a-run", now, lambda: now, lambda text: None)

    def numbers(self, warehouse: Path, now: datetime = END) -> dict[str, object]:
        """Hashes of the marts by the day, and what became of how many deliveries."""
        self.dbt.build(warehouse, now)
        found: dict[str, object] = {
            name: digest for name, digest in self.dbt.hashes(warehouse).items() if name not in GONE
        }
        with duckdb.connect(str(warehouse / WAREHOUSE_FILE), read_only=True) as connection:
            found["deliveries"] = connection.execute(COUNTS).fetchall()
        return found

    def sums(self) -> dict[str, str]:
        """Checksum of every folded file in the lake."""
        files = sorted(self.lake.root.glob(f"raw_folded/*/*/{DATA_FILE}"))
        return {str(file.relative_to(self.lake.root)): file_sha256(file) for file in files}


@pytest.fixture
def retention(lake: EventLake, lake_folder: Path, dbt_warehouse: DbtWarehouse, tmp_path: Path) -> Retention:
    return Retention(Lake(lake_folder), dbt_warehouse, tmp_path / "nightly")


def sent_again() -> Iterable[Row]:
    """Ids that reach over the border between what leaves and what stays, under one conversation and under several."""
    before, after = datetime(2026, 3, 28, 23, 50, tzinfo=UTC), datetime(2026, 3, 29, 0, 10, tzinfo=UTC)
    yield event("b0", "conversation_started", before, "over", visitor_token="k1_v")
    yield event("b1", "message_sent", after, "over", sender="visitor")
    # Its first delivery leaves, another conversation holds the second; and the other way round.
    yield event("b2", "message_sent", before, "over", sender="agent")
    yield event("s0", "conversation_started", after, "stays")
    yield event("b2", "message_sent", before, "stays", sender="agent", received_at=after)
    yield event("b1", "message_sent", after, "stays", sender="visitor", received_at=after + timedelta(days=2))
    yield event("b3", "message_sent", after, "stays", sender="visitor")
    yield event("b3", "message_sent", after, "over", sender="visitor", received_at=after + timedelta(days=1))
    yield event("f1", "feature_used", before, feature="export")
    yield event("f1", "feature_used", before, feature="export", received_at=after)
    yield event("t1", "trial_started", before, plan="starter", trial_days=14)
    yield event("t1", "trial_started", before, plan="starter", trial_days=14, received_at=after)


def crowded_world() -> dict[date, list[Row]]:
    return by_day([*(row for rows in little_world().values() for row in rows), *sent_again()])


def test_leaving__changes_no_number_by_the_day_and_counts_every_delivery_as_before(
    lake: EventLake, retention: Retention, tmp_path: Path
) -> None:
    lake.land_all(crowded_world())
    before = retention.numbers(retention.warehouse)
    retention.leave(THROUGH)
    assert newest_folded_day(retention.lake) == THROUGH
    assert retention.numbers(retention.warehouse) == before
    assert retention.numbers(tmp_path / "full") == before
    assert retention.dbt.hashes(retention.warehouse) == retention.dbt.hashes(tmp_path / "full")


def test_leaving_day_by_day__writes_the_same_sums_as_in_one_go(
    lake: EventLake, retention: Retention, tmp_path: Path
) -> None:
    lake.land_all(crowded_world())
    before = retention.numbers(retention.warehouse)
    first = min(crowded_world())
    for offset in range((THROUGH - first).days + 1):
        retention.leave(first + timedelta(days=offset))
        assert retention.numbers(retention.warehouse) == before, offset
    by_steps = retention.sums()

    lake.clear()
    lake.land_all(crowded_world())
    Retention(retention.lake, retention.dbt, tmp_path / "at_once").leave(THROUGH)
    assert {name: digest for name, digest in retention.sums().items() if "2026-01-01" not in name} == {
        name: digest for name, digest in by_steps.items() if "2026-01-01" not in name
    }


def test_leaving_altogether__keeps_every_number_without_a_single_event(
    lake: EventLake, retention: Retention, tmp_path: Path
) -> None:
    world = crowded_world()
    lake.land_all(world)
    before = retention.numbers(retention.warehouse)
    retention.leave(max(world))
    assert not list(retention.lake.root.glob("raw_app/events/*"))
    assert not list(retention.lake.root.glob("raw_folded/deliveries/*"))
    lake.land(date(2026, 4, 5), [])
    assert retention.numbers(tmp_path / "full") == before


def test_leaving_twice__is_leaving_once(lake: EventLake, retention: Retention) -> None:
    lake.land_all(crowded_world())
    retention.leave(THROUGH)
    sums = retention.sums()
    again = retention.fold(THROUGH)
    assert all(getattr(again, name.removeprefix("int_folds__")).num_rows == 0 for name in FOLDS)
    assert remove_folded_days(retention.lake) == []
    assert retention.sums() == sums


class KilledError(Exception):
    """The process ends here."""


def killed_at(step: int) -> Callable[..., object]:
    """A commit that is not made from the `step`-th on."""
    made = 0
    commit = folding.commit

    def killed(*arguments: object) -> object:
        nonlocal made
        made += 1
        if made > step:
            raise KilledError
        return commit(*arguments)  # type: ignore[arg-type]

    return killed


@pytest.mark.parametrize("step", [0, 1, 2, 4])
def test_killed_between_two_commits__counts_nothing_twice_and_the_next_run_finishes(
    step: int, lake: EventLake, retention: Retention, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lake.land_all(crowded_world())
    before = retention.numbers(retention.warehouse)
    fold = retention.fold(THROUGH)
    with monkeypatch.context() as patched, pytest.raises(KilledError):
        patched.setattr(folding, "commit", killed_at(step))
        land_fold(retention.lake, retention.run(), fold)
    # Whoever builds now reads half a fold, and days that have left but lie there still.
    assert retention.numbers(tmp_path / "between") == before
    assert retention.numbers(retention.warehouse) == before
    remove_folded_days(retention.lake)
    retention.leave(THROUGH)
    assert newest_folded_day(retention.lake) == THROUGH
    assert retention.numbers(retention.warehouse) == before
    assert retention.numbers(tmp_path / "full") == before


def test_a_delivery_sent_again_after_its_first_was_folded__is_a_duplicate(
    lake: EventLake, retention: Retention, tmp_path: Path
) -> None:
    lake.land_all(crowded_world())
    retention.leave(THROUGH)
    late = datetime(2026, 4, 4, 12, tzinfo=UTC)
    again = event("b1", "message_sent", late - timedelta(days=6), "stays", sender="visitor", received_at=late)
    lake.land(late.date(), [again])
    folded = retention.numbers(retention.warehouse)
    # And when the day leaves in which the first lies, it stays one.
    retention.leave(date(2026, 3, 29))
    assert retention.numbers(retention.warehouse) == folded
    assert retention.numbers(tmp_path / "full") == folded

    lake.clear()
    lake.land_all(crowded_world())
    lake.land(late.date(), [again])
    assert retention.numbers(tmp_path / "never folded") == folded


def test_a_visitor_erased_while_deliveries_stay_that_folds_have_counted__keeps_every_delivery_counted_once(
    lake: EventLake, retention: Retention, tmp_path: Path
) -> None:
    keys = KeyRing.parse("k1:a secret of these tests")
    (token,) = keys.tokens("visitor", "visitor")
    before, after = datetime(2026, 3, 28, 20, tzinfo=UTC), datetime(2026, 3, 29, 9, tzinfo=UTC)
    used = event("f9", "feature_used", before, feature="export", visitor_token=token)
    world = crowded_world()
    world[before.date()].append(used)
    # Sent again, into a day that stays: of a visitor, in no conversation.
    world[after.date()].append(used | {"received_at": after})
    lake.land_all(world)
    retention.leave(THROUGH)
    ledger = Ledger.read(tmp_path / "erasures").extended("request", END, {"visitor": {token}})
    applied = apply_ledger(
        retention.lake, ledger, keys, retention.run(), request_id="request", before_rewriting=lambda affected: None
    )
    assert [place(one.manifest) for one in applied.affected] == [
        "raw_app/events/received_date=2026-03-29",
        "raw_folded/deliveries/received_date=2026-03-29",
    ]
    counted = sum(count for _, count in retention.numbers(retention.warehouse)["deliveries"])  # type: ignore[attr-defined]
    events = read_manifests(retention.lake, "app", "events")
    gone = sum(len(rows) for day, rows in world.items() if day <= THROUGH)
    assert counted == sum(day.landed_rows for day in events) + gone
    fold = retention.fold(after.date())
    landed = {row["received_date"]: row["landed_row_count"] for row in fold.days.to_pylist()}
    assert {day: sum_of(fold.event_counts, day) for day in landed} == landed


def sum_of(counts: pa.Table, day: str) -> int:
    return sum(row["event_count"] for row in counts.to_pylist() if row["received_date"] == day)


def test_sums_of_other_settings__fail_the_build_by_the_day(lake: EventLake, retention: Retention) -> None:
    lake.land_all(crowded_world())
    retention.leave(THROUGH)
    assert folded_days(retention.lake)[0] == date(2026, 1, 1)
    # The view that reads the folds is made anew, as in every night, now that there are any.
    retention.dbt.build(retention.warehouse, END, models=("stg_folded__days",))
    name = "folded_days_were_summed_with_these_settings"
    assert retention.dbt.failing(retention.warehouse, END, {}, name) == 0
    for other in ({"reporting_timezone": "America/New_York"}, {"quality_weight_lead": "10"}):
        assert retention.dbt.failing(retention.warehouse, END, other, name) == len(folded_days(retention.lake))


def test_a_run_from_before_days_that_have_left__fails_by_the_day(lake: EventLake, retention: Retention) -> None:
    lake.land_all(crowded_world())
    retention.leave(THROUGH)
    retention.dbt.build(retention.warehouse, END, models=("stg_folded__days",))
    name = "folded_days_lie_before_the_run"
    assert retention.dbt.failing(retention.warehouse, END, {}, name) == 0
    # Its last complete day is the 26th: that day and the two after it have left.
    earlier = datetime(2026, 3, 27, 3, tzinfo=UTC)
    assert retention.dbt.failing(retention.warehouse, earlier, {}, name) == 3


def test_a_fold__is_written_by_day_and_in_one_order(lake: EventLake, retention: Retention) -> None:
    lake.land_all(crowded_world())
    fold = retention.fold(THROUGH)
    shuffled = Fold(
        **{
            name: table.take(pa.array(range(table.num_rows - 1, -1, -1), pa.int64()))
            for name in ("days", "agent_days", "trial_events", "event_counts", "deliveries")
            if (table := getattr(fold, name)) is not None
        }
    )
    land_fold(retention.lake, retention.run(), fold)
    sums = retention.sums()
    land_fold(retention.lake, retention.run(), shuffled)
    assert retention.sums() == sums
