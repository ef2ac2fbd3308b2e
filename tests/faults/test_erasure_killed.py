"""An erasure killed by SIGKILL while it rewrites the lake: a night finishes it, and the same command certifies it."""

from __future__ import annotations

import json
import signal

import duckdb

from orchestration.lib.paths import DataLayout
from serving.versions import version_ids
from tests.faults.conftest import House, Kill


def test_erasure__killed_while_rewriting_is_finished_by_the_next_night_and_certified_by_the_same_command(
    house: House,
) -> None:
    token, rows = busiest_visitor(house.layout)
    before = version_ids(house.layout.published)
    outcome = house.run(f"erase --visitor {token}", kill=Kill("os.rename", "manifest.json", nth=2))
    assert outcome.code == -signal.SIGKILL, outcome
    assert rows_of(house.layout, token) > 0
    # People still read the last good numbers; what was made of the old lake is gone.
    assert version_ids(house.layout.published) == before
    assert not house.layout.warehouse.exists()

    outcome = house.run()
    assert outcome.code == 0, outcome
    assert "rows of the erased taken out" in outcome.stdout
    assert rows_of(house.layout, token) == 0
    assert len(version_ids(house.layout.published)) == 1

    outcome = house.run(f"erase --visitor {token}")
    assert outcome.code == 0, outcome
    (path,) = (house.layout.erasures / "certificates").iterdir()
    (table,) = json.loads(path.read_text())["tables"]
    # What both runs took out, and the rest of the visitor's conversations: none in this company has another.
    assert (table["table"], table["removed_rows"]) == ("raw_app.events", rows)


def busiest_visitor(layout: DataLayout) -> tuple[str, int]:
    """The token on the most days, and its rows."""
    (row,) = duckdb.execute(
        f"select visitor_token, count(*) from read_parquet('{layout.lake}/raw_app/events/*/data.parquet')"
        " where visitor_token is not null group by 1 order by count(distinct received_date) desc, 1 limit 1"
    ).fetchall()
    return row


def rows_of(layout: DataLayout, token: str) -> int:
    (row,) = duckdb.execute(
        f"select count(*) from read_parquet('{layout.lake}/raw_app/events/*/data.parquet') where visitor_token = ?",
        [token],
    ).fetchall()
    return int(row[0])
