"""How old each source's newest data is, out of the lake alone."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from orchestration.lib.lake_status import SourceStatus, source_statuses
from tests.unit.orchestration.lakes import ECB, EVENTS, NOW, lake_in, land, staged


def test_source_statuses__of_an_empty_lake_say_that_nothing_has_landed(tmp_path: Path) -> None:
    assert [status.line(NOW) for status in source_statuses(lake_in(tmp_path))] == [
        f"{source}: nothing has landed" for source in ("app", "stripe", "spend", "rates")
    ]


def test_source_statuses__are_the_newest_row_and_the_rows_set_aside(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    received_at = datetime(2026, 11, 18, 23, 30, tzinfo=UTC)
    land(
        lake,
        staged(lake, EVENTS, "2026-11-18", [{"id": "e1", "received_at": received_at}], [("e2", "id is null")] * 3),
        # Nothing came on the newest days: they are no newer data.
        staged(lake, EVENTS, "2026-11-19"),
        staged(lake, ECB, "a.csv", [{"id": "1", "rate_date": date(2026, 11, 17)}]),
        staged(lake, ECB, "b.csv", [{"id": "1", "rate_date": date(2026, 11, 3)}]),
    )
    app, _, _, rates = source_statuses(lake)
    assert app == SourceStatus("app", received_at, 3)
    assert app.line(NOW) == "app: newest data is 1 d 2 h old, 3 rows set aside (netvexa quarantine)"
    # A day of a file is over at its end.
    assert rates.line(NOW) == "rates: newest data is 2 d 2 h old"


@pytest.mark.parametrize(
    ("newest", "age"),
    [(datetime(2026, 11, 20, 1, 1, tzinfo=UTC), "0 h"), (datetime(2026, 11, 21, tzinfo=UTC), "0 h")],
)
def test_line__data_of_the_future_is_not_old(newest: datetime, age: str) -> None:
    assert SourceStatus("app", newest, 0).line(NOW) == f"app: newest data is {age} old"
