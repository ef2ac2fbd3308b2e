"""The commands around the job: status, rollback, config, usage."""

from __future__ import annotations

from tests.integration.orchestration.conftest import Installation


def test_status__names_the_version_that_is_served(installation: Installation) -> None:
    outcome = installation.run("status")
    assert outcome.code == 0
    assert installation.current() in outcome.stdout
    assert "running: nothing" in outcome.stdout


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
