"""Rows that come late, twice, or out of a transaction left open, and days that are read again: the same marts.

The control has the same events, each received on time and once.
"""

from __future__ import annotations

from decimal import Decimal

import psycopg
import pytest

from ingestion.simulator.world import World
from serving.version import Version
from tests.e2e.sources import Company, app_in_postgres
from tests.e2e.steps import read_rows
from tests.faults.conftest import FIRST_NIGHT, SECOND_NIGHT, House, Result

ARRIVED = "source_rows_landed_or_were_quarantined app.events"
# Only ids that came once: of a repeated one, the delivery that is made late would no longer be the first.
ONCE = "id in (select id from events group by id having count(*) = 1) and received_at < '2026-03-12 03:00+00'"
# 3 and 40 days before they are received, and half of each day's events: conversations begun on time and not.
LATE_DAYS = ("2026-03-11", "2026-02-02")
RECEIVED_LATE = "timestamptz '2026-03-14 20:00:00+00'"
LATE = f"""
update events set received_at = {RECEIVED_LATE} + (received_at - date_trunc('day', received_at)) / 100
where cast(occurred_at at time zone 'UTC' as date) = '{{}}' and get_byte(uuid_send(id), 15) % 2 = 0 and {ONCE}"""
# The same id again, from another client clock, with other properties.
AGAIN = f"""
insert into events
select id, event_type, account_id, agent_id, conversation_id, visitor_id, properties || '{{"sender": "agent"}}',
  ip, occurred_at - interval '30 seconds', {RECEIVED_LATE} + interval '1 hour'
from events where get_byte(uuid_send(id), 15) % 16 = 1 and {ONCE}"""
# What a transaction wrote the day before the first night, and commits after it.
HELD = f"received_at >= '2026-03-11 06:00+00' and get_byte(uuid_send(id), 15) % 4 = 3 and {ONCE}"


@pytest.fixture(scope="module")
def disturbed(small_world: World, opened_house: House, postgres_dsn: str) -> Company:
    """The second night's company, whose app the two nights read as it stands between them."""
    return opened_house.second.reading(app_in_postgres(small_world, postgres_dsn, SECOND_NIGHT))


def test_events_late_repeated_and_committed_late__end_in_the_undisturbed_marts(
    house: House, disturbed: Company, undisturbed: Result
) -> None:
    app = {"NETVEXA_APP_DSN": disturbed.app_dsn}
    with psycopg.connect(disturbed.app_dsn) as writing:
        late = [writing.execute(LATE.format(day)).rowcount for day in LATE_DAYS]
        writing.execute(f"create table held as select * from events where {HELD}")
        writing.execute(f"delete from events where {HELD}")
    house.empty()
    # Leaving the block is what commits.
    with psycopg.connect(disturbed.app_dsn) as open_for_long:
        held = open_for_long.execute("insert into events select * from held").rowcount
        first = house.run(changes=house.first.environment(house.layout.root, FIRST_NIGHT) | app)
        assert first.code == 0, first
    with psycopg.connect(disturbed.app_dsn) as sending_again:
        again = sending_again.execute(AGAIN).rowcount
    assert min(*late, held, again) > 50
    before = house.served()

    second = house.run(changes=app)

    assert second.code == 0, second
    found = house.result()
    assert found.differs_from(undisturbed) == {
        # What was sent again is counted as such.
        ARRIVED,
        "events_set_aside duplicate",
        "landed_events_are_counted_or_set_aside all",
        # The app stood as of the second night when the first one read it.
        "source_rows_landed_or_were_quarantined app.accounts",
        "source_rows_landed_or_were_quarantined app.agents",
    }
    assert arrived(found) - arrived(undisturbed) == again
    assert events_of(house.served()) > events_of(before)


def arrived(result: Result) -> Decimal:
    """Rows of events that the lake has seen."""
    count: Decimal = result.report[ARRIVED]["left_value"]
    return count


def events_of(version: Version) -> int:
    ((count,),) = read_rows(version.warehouse, "select sum(message_count) from marts.fct_conversations")
    assert isinstance(count, int)
    return count


def test_day_replayed_three_times__changes_nothing(house: House, undisturbed: Result) -> None:
    house.restore("second night")
    for _ in range(3):
        outcome = house.run("backfill --source app --from 2026-03-02 --to 2026-03-02")
        assert outcome.code == 0, outcome
        assert "reading again" in outcome.stdout
        assert house.result() == undisturbed
