"""The commands around the job: backfill, status, quarantine, rollback, config, usage."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from orchestration.lib.run_lock import hold_run_lock
from tests.integration.orchestration.conftest import Installation


def test_status__names_the_version_that_is_served(installation: Installation) -> None:
    outcome = installation.run("status")
    assert outcome.code == 0
    assert installation.current() in outcome.stdout
    assert "running: nothing" in outcome.stdout
    assert "app: newest data is" in outcome.stdout
    assert "stripe: nothing has landed" in outcome.stdout


def test_publish__rolls_back_and_the_next_run_is_newest_again(installation: Installation) -> None:
    first = installation.current()
    assert installation.run("nightly").code == 0
    second = installation.current()
    assert second > first
    outcome = installation.run("publish", "--rollback")
    assert (outcome.code, installation.current()) == (0, first)
    assert first in outcome.stdout
    assert installation.run("publish", "--rollback", "--to", second).code == 0
    assert installation.current() == second


def test_publish__of_an_unknown_version_fails_and_names_those_there_are(installation: Installation) -> None:
    served = installation.current()
    outcome = installation.run("publish", "--rollback", "--to", "20200101T000000Z")
    assert outcome.code == 1
    assert served in outcome.stderr
    assert installation.current() == served


def test_publish__without_rollback_is_bad_usage(installation: Installation) -> None:
    assert installation.run("publish").code == 2


def test_backfill__runs_the_whole_job_and_publishes_the_same_numbers(installation: Installation) -> None:
    before, newest = installation.published_hash(), installation.current()
    outcome = installation.run("backfill", "--source", "app", "--from", "2026-11-05", "--to", "2026-11-06")
    assert (outcome.code, outcome.stderr) == (0, "")
    assert "reading again: app, 2026-11-05 to 2026-11-06" in outcome.stdout
    assert installation.current() > newest
    assert installation.published_hash() == before
    manifest = installation.data / "lake/raw_app/events/received_date=2026-11-05/manifest.json"
    untouched = installation.data / "lake/raw_app/events/received_date=2026-11-04/manifest.json"
    assert manifest.stat().st_mtime_ns > untouched.stat().st_mtime_ns


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("backfill",), "--source"),
        (("backfill", "--source", "crm"), "crm"),
        (("backfill", "--source", "app"), "--from and --to"),
        (("backfill", "--source", "app", "--from", "2026-11-06", "--to", "2026-11-05"), "after"),
        (("backfill", "--source", "app", "--from", "2026-11-05", "--to", "2026-11-21"), "future"),
        (("backfill", "--source", "app", "--from", "5.11.2026", "--to", "2026-11-06"), "5.11.2026"),
        (("backfill", "--source", "spend", "--from", "2026-11-05"), "every file"),
        (("nightly", "--accept-volume", "events"), "raw_app.events"),
    ],
)
def test_asking_for_what_cannot_be__is_bad_usage_and_reads_nothing(
    installation: Installation, arguments: tuple[str, ...], why: str
) -> None:
    served = installation.current()
    outcome = installation.run(*arguments)
    assert outcome.code == 2
    assert why in outcome.stderr
    assert installation.current() == served


def test_backfill__beside_another_run_is_told_who_holds_the_lock(installation: Installation) -> None:
    with hold_run_lock(installation.data / "run.lock", datetime.now(UTC), ["netvexa", "nightly"]):
        outcome = installation.run("backfill", "--source", "rates")
    assert outcome.code == 3
    assert "netvexa nightly" in outcome.stderr


def test_quarantine__of_a_company_without_bad_rows_says_so(installation: Installation) -> None:
    outcome = installation.run("quarantine")
    assert (outcome.code, outcome.stdout) == (0, "nothing is set aside: every row that was read has landed\n")


def test_netvexa__an_unknown_command_is_bad_usage(installation: Installation) -> None:
    assert installation.run("backfil").code == 2


def test_netvexa__an_instant_without_offset_is_bad_configuration(installation: Installation) -> None:
    outcome = installation.run("status", NETVEXA_AS_OF="2026-11-22T03:00:00")
    assert outcome.code == 2
    assert "NETVEXA_AS_OF" in outcome.stderr


def test_config__shows_settings_without_their_secrets(installation: Installation) -> None:
    outcome = installation.run("config")
    assert outcome.code == 0
    assert "configured sources" in outcome.stdout
    assert "a secret of the tests" not in outcome.stdout
    assert installation.company.environment["STRIPE_API_KEY"] not in outcome.stdout
