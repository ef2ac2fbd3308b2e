"""What a person may ask of a run, and what is refused before anything starts."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from ingestion.contract import Backfill
from orchestration.failures import ConfigurationError
from orchestration.lib.instructions import Instructions, accepted_volume, backfill_of

TODAY = date(2026, 11, 20)
YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
OLDEST_OF_STRIPE = TODAY - timedelta(days=30)


@pytest.mark.parametrize(
    ("source", "first", "last"),
    [
        ("app", YESTERDAY, TODAY),
        ("app", YESTERDAY, YESTERDAY),
        ("stripe", None, None),
        ("stripe", OLDEST_OF_STRIPE, None),
        ("spend", None, None),
        ("rates", None, None),
    ],
)
def test_backfill__is_what_was_asked_for(source: str, first: date | None, last: date | None) -> None:
    assert backfill_of(source, first, last, TODAY) == Backfill(source, first, last)


@pytest.mark.parametrize(
    ("source", "first", "last", "why"),
    [
        ("app", None, None, "--from and --to"),
        ("app", YESTERDAY, None, "--from and --to"),
        ("app", TODAY, YESTERDAY, "after"),
        ("app", YESTERDAY, TOMORROW, "--to 2026-11-21 lies in the future"),
        ("app", TOMORROW, TOMORROW, "--from 2026-11-21 lies in the future"),
        ("stripe", YESTERDAY, TODAY, "takes no --to"),
        ("stripe", TOMORROW, None, "future"),
        ("stripe", OLDEST_OF_STRIPE - timedelta(days=1), None, "keeps its events for 30 days.*2026-10-21"),
        ("spend", YESTERDAY, None, "every file"),
        ("rates", None, YESTERDAY, "every file"),
    ],
)
def test_backfill__what_makes_no_sense_is_refused_with_its_reason(
    source: str, first: date | None, last: date | None, why: str
) -> None:
    with pytest.raises(ConfigurationError, match=why) as refusal:
        backfill_of(source, first, last, TODAY)
    assert refusal.value.exit_code == 2


def test_accepted_volume__knows_the_raw_tables() -> None:
    assert accepted_volume(["raw_app.events", "raw_app.events"]) == {("raw_app", "events")}
    with pytest.raises(ConfigurationError, match=r"no raw table events; there are raw_app\.events"):
        accepted_volume(["events"])


def test_instructions__are_kept_with_the_run() -> None:
    asked = Instructions(Backfill("app", YESTERDAY, TODAY), accepted_volume(["raw_app.events", "raw_app.agents"]))
    assert asked.tags == {
        "netvexa/backfill": "app, 2026-11-19 to 2026-11-20",
        "netvexa/accepted_volume": "raw_app.agents raw_app.events",
    }
    assert Instructions().tags == {}
