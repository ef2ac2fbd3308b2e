"""Built night by night or in full, in whatever order events arrive: the same product marts, byte for byte.

Belongs here: histories of a lake, each compared with one full build of what the lake holds at the end. Does not: what
the numbers should be (unit tests of the models, the oracle).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tests.integration.warehouse.dbt_warehouse import COMMITS, GROUPS, MADE_OF_THEM, READ, DbtWarehouse
from tests.integration.warehouse.event_lake import DAYS, FIRST_DAY, EventLake, event, little_world

END = datetime(2026, 4, 5, 3, tzinfo=UTC)


def night_after(day: date) -> datetime:
    """03:00 in Berlin on the next day, give or take summer time."""
    return datetime(day.year, day.month, day.day, 2, tzinfo=UTC) + timedelta(days=1)


@dataclass(frozen=True)
class Night:
    """One run: its instant, its variables, and the models it got to before it was killed."""

    run_instant: datetime = END
    variables: dict[str, str] = field(default_factory=dict)
    models: Sequence[str] = GROUPS


History = Callable[[EventLake], Iterator[Night]]


def night_by_night(lake: EventLake) -> Iterator[Night]:
    for day, rows in little_world().items():
        lake.land(day, rows)
        yield Night(night_after(day))
    yield Night()


def in_any_order_of_arrival(lake: EventLake) -> Iterator[Night]:
    days = list(little_world().items())
    random.Random(11).shuffle(days)
    for start in range(0, len(days), 3):
        lake.land_all(dict(days[start : start + 3]))
        yield Night()


def older_days_backfilled(lake: EventLake) -> Iterator[Night]:
    days = list(little_world().items())
    lake.land_all(dict(days[4:]))
    yield Night()
    lake.land_all(dict(days[:4]))
    yield Night()


def late_events(days: int) -> History:
    """What a conversation got long ago arrives now: messages, an earlier start by another agent, a lead."""

    def history(lake: EventLake) -> Iterator[Night]:
        lake.land_all(little_world())
        yield Night()
        now = datetime(2026, 3, 25, 12, tzinfo=UTC) + timedelta(days=days)
        began = datetime(2026, 3, 23, 8, tzinfo=UTC)
        late = [
            event("late1", "message_sent", began + timedelta(days=2), "c1", received_at=now, sender="visitor"),
            event("late2", "conversation_started", began, "c3", received_at=now, agent_id="g3", account_id="a2"),
            event("late3", "conversation_started", began, "c4", received_at=now, is_test=True),
            event("late4", "lead_captured", began, "late", received_at=now),
        ]
        lake.land(now.date(), late)
        yield Night(night_after(now.date()))

    return history


def day_replayed_with_changes(lake: EventLake) -> Iterator[Night]:
    days = little_world()
    lake.land_all(days)
    yield Night()
    day, rows = list(days.items())[3]
    moved = [row | {"conversation_id": "moved"} if row["id"].endswith("m0") else row for row in rows]
    lake.land(day, [row for row in moved if not row["id"].endswith("start")])
    yield Night()


def day_replayed_shorter_then_empty(lake: EventLake) -> Iterator[Night]:
    days = little_world()
    lake.land_all(days)
    yield Night()
    first, second = list(days)[2:4]
    lake.land(first, days[first][::2])
    lake.land(second, [])
    yield Night()


def partition_lost(lake: EventLake) -> Iterator[Night]:
    days = little_world()
    lake.land_all(days)
    yield Night()
    lake.lose(next(iter(days)))
    lake.lose(list(days)[5])
    yield Night()


def earlier_delivery_arrives_last(lake: EventLake) -> Iterator[Night]:
    """The same id under another conversation, received earlier but landed later, then taken back again."""
    noon = datetime(2026, 3, 26, 12, tzinfo=UTC)
    lake.land(
        noon.date(),
        [
            event("s1", "conversation_started", noon, "mine"),
            event("shared", "message_sent", noon, "mine", sender="visitor"),
            event("only", "message_sent", noon, "emptied", sender="visitor"),
        ],
    )
    yield Night()
    earlier = noon - timedelta(days=2)
    lake.land(
        earlier.date(),
        [
            event("s2", "conversation_started", earlier, "theirs"),
            event("shared", "message_sent", earlier, "theirs", sender="agent"),
            event("only", "feature_used", earlier),
        ],
    )
    yield Night()
    lake.land(earlier.date(), [event("s2", "conversation_started", earlier, "theirs")])
    yield Night()
    lake.lose(earlier.date())
    yield Night()


def events_that_waited(lake: EventLake) -> Iterator[Night]:
    """All landed at once, looked at by a clock that goes on: what lies after it enters when its day is over."""
    lake.land_all(little_world())
    for day in range(0, DAYS, 2):
        yield Night(night_after(FIRST_DAY + timedelta(days=day)))


def clock_turned_back(lake: EventLake) -> Iterator[Night]:
    lake.land_all(little_world())
    yield Night()
    yield Night(night_after(FIRST_DAY + timedelta(days=3)))


def settings_changed(lake: EventLake) -> Iterator[Night]:
    lake.land_all(little_world())
    yield Night()
    yield Night(variables={"reporting_timezone": "America/New_York"})
    yield Night(variables={"reporting_timezone": "America/New_York", "quality_weight_lead": "10"})


def killed_after(commits: int) -> History:
    """Killed between two models; before the next run the day it was building has landed anew, with less in it."""

    def history(lake: EventLake) -> Iterator[Night]:
        days = list(little_world().items())
        lake.land_all(dict(days[:5]))
        yield Night(night_after(days[4][0]))
        lake.land_all(dict(days[5:]))
        yield Night(models=(*READ, *COMMITS[:commits]))
        lake.land(days[5][0], days[5][1][::3])
        lake.lose(days[6][0])
        # Killed again, before any mart: what the first had left in them must not be forgotten.
        yield Night(models=COMMITS[:2])
        yield Night()

    return history


def killed_with_another_clock(lake: EventLake) -> Iterator[Night]:
    lake.land_all(little_world())
    yield Night(night_after(FIRST_DAY + timedelta(days=2)))
    yield Night(variables={"reporting_timezone": "America/New_York"}, models=COMMITS)
    yield Night(night_after(FIRST_DAY + timedelta(days=2)))


def killed_in_the_first_build(lake: EventLake) -> Iterator[Night]:
    days = little_world()
    lake.land_all(days)
    yield Night(models=(*READ, *COMMITS))
    lake.lose(list(days)[1])
    yield Night()


HISTORIES: dict[str, History] = {
    "night by night": night_by_night,
    "in any order of arrival": in_any_order_of_arrival,
    "older days backfilled": older_days_backfilled,
    "events 3 days late": late_events(3),
    "events 40 days late": late_events(40),
    "a day replayed with changes": day_replayed_with_changes,
    "a day replayed shorter, one empty": day_replayed_shorter_then_empty,
    "a partition lost": partition_lost,
    "the earlier delivery arrives last": earlier_delivery_arrives_last,
    "events that waited": events_that_waited,
    "the clock turned back": clock_turned_back,
    "settings changed": settings_changed,
    "killed before summing up": killed_after(1),
    "killed before the marts": killed_after(2),
    "killed between the marts": killed_after(3),
    "killed before the record": killed_after(4),
    "killed with another clock and zone": killed_with_another_clock,
    "killed in the first build": killed_in_the_first_build,
}


@pytest.mark.parametrize("name", HISTORIES)
def test_incremental_builds__equal_a_full_build(
    name: str, lake: EventLake, dbt_warehouse: DbtWarehouse, tmp_path: Path
) -> None:
    last = Night()
    for last in HISTORIES[name](lake):
        dbt_warehouse.build(tmp_path / "nightly", last.run_instant, last.variables, last.models)
    dbt_warehouse.build(tmp_path / "nightly", last.run_instant, last.variables, MADE_OF_THEM)
    dbt_warehouse.build(tmp_path / "full", last.run_instant, last.variables)
    assert dbt_warehouse.hashes(tmp_path / "nightly") == dbt_warehouse.hashes(tmp_path / "full")


def test_incremental_builds__are_the_same_with_1_and_4_threads(
    lake: EventLake, dbt_warehouse: DbtWarehouse, tmp_path: Path
) -> None:
    for night in in_any_order_of_arrival(lake):
        dbt_warehouse.build(tmp_path / "one", night.run_instant, threads=1)
        dbt_warehouse.build(tmp_path / "four", night.run_instant, threads=4)
    assert dbt_warehouse.hashes(tmp_path / "one") == dbt_warehouse.hashes(tmp_path / "four")


def test_incremental_builds__rebuild_nothing_when_nothing_arrived_and_only_what_did(
    lake: EventLake, dbt_warehouse: DbtWarehouse, tmp_path: Path
) -> None:
    warehouse = tmp_path / "nightly"
    lake.land_all(little_world())
    dbt_warehouse.build(warehouse, END)
    dbt_warehouse.build(warehouse, END + timedelta(days=1))
    assert dbt_warehouse.rebuilt_groups(warehouse) == set()

    now = datetime(2026, 4, 4, 12, tzinfo=UTC)
    late = event("late", "message_sent", now - timedelta(days=10), "c3", received_at=now, sender="visitor")
    lake.land(now.date(), [late])
    dbt_warehouse.build(warehouse, END + timedelta(days=1))
    assert dbt_warehouse.rebuilt_groups(warehouse) == {"conversation c3"}
