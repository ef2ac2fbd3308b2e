"""Claims about which days of events a run reads."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from ingestion.manifest import Manifest
from ingestion.sources.app.windows import days_to_read, midnight, newest_day, ranges, upper_bound


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
