"""`netvexa erase` as a command: what it foresees, what it refuses. That it erases is proved in tests/e2e and faults."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tests.integration.orchestration.conftest import Installation


def test_erase__a_dry_run_tells_the_numbers_and_changes_nothing(installation: Installation) -> None:
    before = contents(installation.data)
    outcome = installation.run("erase", "--visitor", "visitor", "--dry-run")
    assert outcome.code == 0, outcome
    (line,) = [line for line in outcome.stdout.splitlines() if "raw_app.events" in line]
    # Every event of the small company is this visitor's: 17 days of two conversations of four events.
    assert [cell.strip() for cell in line.strip("│ ").split("│")] == ["raw_app.events", "17", "136", "0", "0"]
    assert contents(installation.data) == before


def test_erase__a_file_as_spreadsheets_save_it_names_its_first_visitor_too(
    installation: Installation, tmp_path: Path
) -> None:
    (tmp_path / "visitors.txt").write_bytes("\ufeffvisitor\r\n".encode())
    outcome = installation.run("erase", "--visitors-from", str(tmp_path / "visitors.txt"), "--dry-run")
    assert (outcome.code, "raw_app.events" in outcome.stdout) == (0, True)


def test_erase__of_an_id_is_refused_while_the_lake_holds_tokens_of_a_key_that_is_not_configured(
    installation: Installation,
) -> None:
    rotated = {"NETVEXA_PSEUDONYM_KEY": "k2:another secret of the tests"}
    outcome = installation.run("erase", "--visitor", "visitor", **rotated)
    assert (outcome.code, "17 days of events hold visitors' tokens of key k1" in outcome.stderr) == (2, True), outcome
    assert not (installation.data / "erasures").exists()
    known = {**rotated, "NETVEXA_PSEUDONYM_RETIRED_KEYS": installation.company.environment["NETVEXA_PSEUDONYM_KEY"]}
    assert "raw_app.events" in installation.run("erase", "--visitor", "visitor", "--dry-run", **known).stdout


def test_erase__an_id_that_nobody_has_would_remove_nothing(installation: Installation) -> None:
    outcome = installation.run("erase", "--visitor", "somebody else", "--dry-run")
    assert (outcome.code, "raw_app.events" in outcome.stdout) == (0, False)


def test_erase__of_nobody_and_by_an_unknown_key_is_bad_usage(installation: Installation, tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text("\n \n")
    outcome = installation.run("erase", "--visitors-from", str(tmp_path / "empty.txt"))
    assert (outcome.code, "nobody is named" in outcome.stderr) == (2, True)
    outcome = installation.run("erase", "--visitor", f"k9_{'0' * 64}")
    assert (outcome.code, "token of key k9" in outcome.stderr) == (2, True)
    assert not (installation.data / "erasures").exists()


def contents(data: Path) -> dict[str, str]:
    """The hash of every file of the data directory."""
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(data.rglob("*")) if path.is_file()
    }
