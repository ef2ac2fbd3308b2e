"""`netvexa keys`: making, listing and revoking, as a person at the terminal does it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from orchestration.cli import netvexa
from orchestration.failures import ConfigurationError, RunFailedError
from serving.api.access.keys import KeyFile


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    # What a developer's own .env says must not decide a test.
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NETVEXA_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(netvexa, ["keys", *arguments])


def key_file(folder: Path) -> KeyFile:
    return KeyFile(folder / "api" / "keys.json")


def test_create__prints_the_key_alone_and_what_it_may_do_beside_it(folder: Path) -> None:
    made = run("create", "--name", "Looker Studio", "--role", "marketing")
    assert made.exit_code == 0
    assert re.fullmatch(r"nvx_[0-9a-f]{8}_[0-9a-f]{64}\n", made.stdout)
    assert "role marketing, scopes acquisition, catalog, good until" in made.stderr
    assert made.stdout.strip().split("_")[2] not in made.stderr
    key, refusal = key_file(folder).verify(made.stdout.strip(), datetime.now(UTC))
    assert (key.name, key.role, key.scopes, refusal) == ("Looker Studio", "marketing", None, None)


def test_create__lets_a_key_live_for_90_days_unless_told_otherwise(folder: Path) -> None:
    for arguments, days in (((), 90), (("--days", "30"), 30)):
        before = datetime.now(UTC)
        run("create", "--name", "x", "--role", "support", *arguments)
        key = key_file(folder).entries()[-1]
        assert timedelta(0) <= key.expires_at - before - timedelta(days=days) < timedelta(minutes=1)


def test_create__ends_a_key_at_the_beginning_of_a_day_in_utc(folder: Path) -> None:
    day = (datetime.now(UTC) + timedelta(days=40)).date()
    assert run("create", "--name", "x", "--role", "support", "--expires", day.isoformat()).exit_code == 0
    assert key_file(folder).entries()[0].expires_at == datetime(day.year, day.month, day.day, tzinfo=UTC)


def test_create__gives_a_key_fewer_scopes_than_its_role(folder: Path) -> None:
    assert run("create", "--name", "x", "--role", "analyst", "--scope", "finance").exit_code == 0
    assert key_file(folder).entries()[0].scopes == ("finance",)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--role", "intern"), r"no such role .*management, analyst, marketing, support"),
        (("--role", "support", "--scope", "finance"), r"support has catalog, product"),
        (("--role", "support", "--expires", "2000-01-01"), r"between now and 366 days"),
        (("--role", "support", "--expires", "2999-01-01"), r"between now and 366 days"),
    ],
)
def test_create__refuses_what_no_key_may_have(folder: Path, arguments: tuple[str, ...], complaint: str) -> None:
    refused = run("create", "--name", "x", *arguments)
    assert isinstance(refused.exception, ConfigurationError)
    assert re.search(complaint, str(refused.exception))
    assert not folder.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("--role", "support"),
        ("--name", "x"),
        ("--name", "x", "--role", "support", "--days", "0"),
        ("--name", "x", "--role", "support", "--days", "367"),
        ("--name", "x", "--role", "support", "--days", "1", "--expires", "2027-01-01"),
    ],
)
def test_create__is_told_how_it_is_used(folder: Path, arguments: tuple[str, ...]) -> None:
    assert run("create", *arguments).exit_code == 2
    assert not folder.exists()


def test_list__shows_what_is_no_secret_and_what_is_refused(folder: Path) -> None:
    assert "netvexa keys create" in run("list").stdout
    token = run("create", "--name", "[red]Sheet", "--role", "analyst", "--scope", "finance").stdout.strip()
    _, key_id, secret = token.split("_")
    run("revoke", key_id)
    listed = run("list").stdout
    for shown in (key_id, "[red]Sheet", "analyst", "finance", "revoked"):
        assert shown in listed
    assert secret not in listed
    assert key_file(folder).entries()[0].secret_sha256 not in listed


@pytest.mark.parametrize("command", ["create", "list", "revoke"])
def test_help__has_an_example(command: str) -> None:
    assert f"  netvexa keys {command}" in run(command, "--help").stdout.partition("Example")[2]


def test_revoke__refuses_the_key_and_says_so(folder: Path) -> None:
    token = run("create", "--name", "Sheet", "--role", "analyst").stdout.strip()
    key_id = token.split("_")[1]
    assert f"key {key_id} (Sheet) is refused since" in run("revoke", key_id).stdout
    assert key_file(folder).verify(token, datetime.now(UTC))[1] == "revoked"


def test_revoke__of_an_unknown_key_says_where_to_look_and_repeats_no_secret(folder: Path) -> None:
    token = run("create", "--name", "Sheet", "--role", "analyst").stdout.strip()
    for key_id in ("12345678", token):
        refused = run("revoke", key_id)
        assert isinstance(refused.exception, ConfigurationError)
        assert "netvexa keys list" in str(refused.exception)
        # Whoever revokes in a hurry gives the whole key; what is said about that ends up in logs.
        assert token.split("_")[2] not in str(refused.exception)


def test_folder_that_cannot_be_written__fails_with_its_name_and_what_to_do(folder: Path) -> None:
    folder.mkdir()
    (folder / "api").write_text("a file where the folder should be")
    failed = run("create", "--name", "x", "--role", "support")
    assert isinstance(failed.exception, RunFailedError)
    assert re.search(r"keys cannot be written .*api.*; .*user", str(failed.exception))


def test_damaged_file__fails_every_command_and_stays_as_it_is(folder: Path) -> None:
    (folder / "api").mkdir(parents=True)
    path = folder / "api" / "keys.json"
    path.write_text("{")
    for arguments in (("list",), ("revoke", "1"), ("create", "--name", "x", "--role", "support")):
        failed = run(*arguments)
        assert isinstance(failed.exception, RunFailedError)
        assert "restore it from the backup" in str(failed.exception)
    assert path.read_text() == "{"
