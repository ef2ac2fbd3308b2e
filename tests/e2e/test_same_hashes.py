"""The same landed data and the same instant give the same published tables, byte for byte in their canonical form."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from tests.e2e.conftest import AS_OF, Night
from tests.e2e.steps import build_and_publish, hashes, land, nightly

EARLIER = AS_OF - timedelta(days=10)
# What follows from events and files alone. Stripe's objects are read as they stand, so a night that is run for an
# earlier instant lands a reading that no night of that day could have made.
WITHOUT_STRIPE = (
    "conversation_quality_daily",
    "dim_agents",
    "fct_agent_days",
    "fct_agent_ttfv",
    "fct_conversations",
    "fct_spend_daily",
    "ttfv_weekly",
    "weekly_active_agents",
)


def test_postgres_and_the_embedded_database__publish_the_same_bytes(
    postgres_night: Night, embedded_night: Night
) -> None:
    assert hashes(postgres_night.version) == hashes(embedded_night.version)
    assert postgres_night.version.sha256 == embedded_night.version.sha256


def test_a_second_night_with_nothing_new__publishes_the_same_bytes_on_more_threads(
    embedded_night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NETVEXA_DBT_THREADS", "4")
    again = nightly(embedded_night.settings, tested=False)
    assert again.id != embedded_night.version.id
    assert hashes(again) == hashes(embedded_night.version)


def test_a_deleted_warehouse__is_built_again_to_the_same_bytes_by_one_thread(
    embedded_night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NETVEXA_DBT_THREADS", "1")
    embedded_night.layout.warehouse.unlink()
    again = build_and_publish(embedded_night.settings, tested=False)
    assert again.id != embedded_night.version.id
    assert hashes(again) == hashes(embedded_night.version)


def test_nights_landed_in_any_order__publish_the_same_bytes(embedded_night: Night, tmp_path: Path) -> None:
    company = embedded_night.company
    earlier_first = company.settings(tmp_path / "earlier_first", AS_OF)
    land(company.settings(tmp_path / "earlier_first", EARLIER), now=AS_OF)
    forwards = nightly(earlier_first)

    shutil.copytree(embedded_night.layout.lake, tmp_path / "earlier_last" / "lake")
    shutil.copy(embedded_night.layout.company_marker, tmp_path / "earlier_last")
    land(company.settings(tmp_path / "earlier_last", EARLIER), now=AS_OF)
    backwards = build_and_publish(company.settings(tmp_path / "earlier_last", AS_OF), tested=False)

    assert hashes(forwards) == hashes(backwards)
    once, twice = hashes(embedded_night.version), hashes(backwards)
    assert {name: twice[name] for name in WITHOUT_STRIPE} == {name: once[name] for name in WITHOUT_STRIPE}
