"""Claims about which days of events a run reads."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from ingestion.contract import Backfill
from ingestion.manifest import Manifest
from ingestion.retry import PermanentSourceError
from ingestion.sources.app.windows import (
    backfill_days,
    days_to_read,
    midnight,
    newest_day,
    ranges,
    settled_before,
    upper_bound,
)


def _landed(day: str, read_to: datetime | None = None) -> Manifest:
    end = midnight(date.fromisoformat(day) + timedelta(days=1))
    return Manifest(
        source="app",
        table="events",
        partition_key="received_date",
        partition_value=day,
        run_id="before",
        read_at=end,
        schema_version=1,
        source_rows=0,
        landed_rows=0,
        quarantined_rows=0,
        origin="a test",
        files={},
        read_to=read_to or end,
    )


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _iso(days: list[date]) -> list[str]:
    return [day.isoformat() for day in days]


def test_first_run__takes_all_history_without_gaps() -> None:
    days = days_to_read([], set(), _at("2026-11-01T12:00"), _at("2026-11-04T02:00"))
    assert _iso(days) == ["2026-11-01", "2026-11-02", "2026-11-03", "2026-11-04"]


def test_first_run__an_empty_source_still_has_a_day() -> None:
    assert _iso(days_to_read([], set(), None, _at("2026-11-04T02:00"))) == ["2026-11-04"]


def test_later_run__reads_from_three_days_before_the_newest() -> None:
    landed = [_landed(f"2026-11-{day:02}") for day in range(1, 11)]
    days = days_to_read(landed, set(), None, _at("2026-11-11T02:00"))
    assert _iso(days) == ["2026-11-07", "2026-11-08", "2026-11-09", "2026-11-10", "2026-11-11"]


def test_later_run__fills_a_gap_and_reads_damaged_days_again() -> None:
    landed = [_landed(f"2026-11-{day:02}") for day in range(1, 11) if day != 3]
    days = days_to_read(landed, {"2026-11-05"}, None, _at("2026-11-11T00:00"))
    assert _iso(days) == ["2026-11-03", "2026-11-05", "2026-11-07", "2026-11-08", "2026-11-09", "2026-11-10"]


def test_a_day_read_before_it_was_over__is_read_again_even_after_an_outage() -> None:
    landed = [_landed("2026-11-01", _at("2026-11-01T02:00")), _landed("2026-11-09")]
    assert "2026-11-01" in _iso(days_to_read(landed, set(), None, _at("2026-11-10T02:00")))


def test_an_earlier_instant__never_cuts_short_what_has_landed() -> None:
    landed = [_landed(f"2026-11-{day:02}") for day in range(1, 21)]
    assert days_to_read(landed, set(), None, _at("2026-11-10T02:00")) == []


def test_the_same_instant_again__reads_the_same_days_again() -> None:
    read_to = _at("2026-11-10T02:00")
    landed = [*(_landed(f"2026-11-{day:02}") for day in range(1, 10)), _landed("2026-11-10", read_to)]
    assert _iso(days_to_read(landed, set(), None, read_to)) == ["2026-11-07", "2026-11-08", "2026-11-09", "2026-11-10"]


def test_upper_bound__is_the_instant_but_never_the_last_minutes() -> None:
    instant = _at("2026-11-22T02:00")
    assert upper_bound(instant, _at("2026-11-22T02:30")) == instant
    assert upper_bound(instant, _at("2026-11-22T02:01")) == _at("2026-11-22T01:56")


def test_ranges__are_of_consecutive_days_and_bounded() -> None:
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(70)] + [date(2026, 6, 1)]
    found = ranges(days, _at("2026-06-01T08:00"))
    assert [sum(1 for _ in each.days()) for each in found] == [31, 31, 8, 1]
    assert [day for each in found for day in each.days()] == days
    assert found[-1].end == _at("2026-06-01T08:00")
    assert found[0].end == _at("2026-02-01T00:00")


def test_newest_day__is_none_when_a_newer_one_stays_as_it_is() -> None:
    landed = [_landed("2026-11-10")]
    assert newest_day(landed, [date(2026, 11, 5)]) is None
    assert newest_day(landed, [date(2026, 11, 5), date(2026, 11, 10)]) == date(2026, 11, 10)
    assert newest_day([], [date(2026, 11, 5)]) == date(2026, 11, 5)


def test_look_back__is_as_many_days_as_it_is_given() -> None:
    landed = [_landed(f"2026-11-{day:02}") for day in range(1, 11)]
    days = days_to_read(landed, set(), None, _at("2026-11-11T00:00"), look_back=timedelta(days=1))
    assert _iso(days) == ["2026-11-09", "2026-11-10"]


def test_asked_days__are_read_whatever_their_age_but_never_cut_short() -> None:
    landed = [*(_landed(f"2026-11-{day:02}") for day in range(1, 11)), _landed("2026-11-11", _at("2026-11-11T09:00"))]
    asked = [date(2026, 11, 2), date(2026, 11, 11)]
    days = days_to_read(landed, set(), None, _at("2026-11-11T02:00"), look_back=timedelta(days=1), asked=asked)
    assert _iso(days) == ["2026-11-02", "2026-11-10"]


def test_settled_before__is_where_the_next_look_back_begins() -> None:
    read_to = _at("2026-11-11T02:00")
    settled = settled_before(read_to, timedelta(days=3))
    landed = [_landed(f"2026-11-{day:02}") for day in range(1, 11)] + [_landed("2026-11-11", read_to)]
    tomorrow = days_to_read(landed, set(), None, _at("2026-11-12T02:00"))
    assert settled == tomorrow[0] == date(2026, 11, 8)


def test_backfill_days__default_to_all_of_history() -> None:
    days = backfill_days(Backfill("app"), _at("2026-11-09T12:00"), _at("2026-11-11T02:00"))
    assert _iso(days) == ["2026-11-09", "2026-11-10", "2026-11-11"]


def test_backfill_days__one_day_is_first_and_last() -> None:
    day = date(2026, 11, 10)
    assert backfill_days(Backfill("app", day, day), _at("2026-11-09T12:00"), _at("2026-11-11T02:00")) == [day]


@pytest.mark.parametrize(
    ("first", "last", "begins", "told"),
    [
        (date(2026, 11, 9), date(2026, 11, 11), "2026-11-09T12:00", "the newest day that can be read is 2026-11-10"),
        (date(2026, 11, 8), date(2026, 11, 9), "2026-11-09T12:00", "the app's events begin on 2026-11-09"),
        (date(2026, 11, 8), date(2026, 11, 9), None, "the app has no events"),
    ],
)
def test_backfill_days__a_day_that_is_not_there_is_refused(
    first: date, last: date, begins: str | None, told: str
) -> None:
    with pytest.raises(PermanentSourceError, match=told):
        backfill_days(Backfill("app", first, last), _at(begins) if begins else None, _at("2026-11-11T00:00"))


def test_a_day_that_has_left__is_not_read_by_a_first_run_the_look_back_or_a_repair() -> None:
    left = date(2026, 11, 2)
    first = days_to_read([], set(), _at("2026-11-01T12:00"), _at("2026-11-04T02:00"), left_through=left)
    assert _iso(first) == ["2026-11-03", "2026-11-04"]
    landed = [_landed("2026-11-02"), _landed("2026-11-03")]
    again = days_to_read(landed, {"2026-11-02"}, None, _at("2026-11-04T02:00"), left_through=left)
    assert _iso(again) == ["2026-11-03", "2026-11-04"]


def test_backfill_days__that_have_left_are_refused_and_all_of_history_begins_after_them() -> None:
    left = date(2026, 11, 2)
    read_to = _at("2026-11-05T02:00")
    days = backfill_days(Backfill("app"), _at("2026-11-01T12:00"), read_to, left)
    assert _iso(days) == ["2026-11-03", "2026-11-04", "2026-11-05"]
    with pytest.raises(PermanentSourceError, match="begin with 2026-11-03"):
        backfill_days(Backfill("app", left, date(2026, 11, 4)), _at("2026-11-01T12:00"), read_to, left)
