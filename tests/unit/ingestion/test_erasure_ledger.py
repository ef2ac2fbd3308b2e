"""The ledger of erasures: what it keeps, that it cannot be shortened unnoticed, and the keys it needs."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingestion.erasure.keyring import KeyRing
from ingestion.erasure.ledger import EMPTY_HEAD, LEDGER_FILE, Ledger
from ingestion.erasure.subjects import ErasedSubjects
from ingestion.retry import PermanentSourceError

AT = datetime(2026, 11, 22, 2, tzinfo=UTC)
OLD = KeyRing.parse("k1:the secret of the first year")
ROTATED = KeyRing.parse("k2:the secret of the second year", ["k1:the secret of the first year"])


def test_ledger__is_read_as_it_was_written(tmp_path: Path) -> None:
    first = Ledger.read(tmp_path).extended("a", AT, {"visitor": {"k1_aa", "k1_bb"}})
    second = first.extended("b", AT, {"account": {"k1_cc"}})
    read = Ledger.read(tmp_path)
    assert read.entries == second.entries
    assert read.head == second.head != first.head != EMPTY_HEAD
    assert read.tokens["visitor"] == {"k1_aa", "k1_bb"}


def test_ledger__what_it_holds_already_adds_no_line(tmp_path: Path) -> None:
    once = Ledger.read(tmp_path).extended("a", AT, {"visitor": {"k1_aa"}})
    assert once.extended("again", AT, {"visitor": {"k1_aa"}}) is once


def test_ledger__held_in_memory_alone_writes_nothing(tmp_path: Path) -> None:
    longer = Ledger.read(tmp_path).holding("a", AT, {"visitor": {"k1_aa"}})
    assert longer.tokens["visitor"] == {"k1_aa"}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda lines: lines[1:],
        lambda lines: [lines[0].replace("k1_aa", "k1_ab"), *lines[1:]],
        lambda lines: [lines[0], "{}"],
        lambda lines: [lines[0], lines[1][:-5]],
    ],
    ids=["first line gone", "token changed", "another line", "torn"],
)
def test_ledger__a_line_that_was_changed_or_taken_out_stops_the_run(tmp_path: Path, damage: object) -> None:
    Ledger.read(tmp_path).extended("a", AT, {"visitor": {"k1_aa"}}).extended("b", AT, {"visitor": {"k1_bb"}})
    path = tmp_path / LEDGER_FILE
    assert callable(damage)
    path.write_text("\n".join(damage(path.read_text().splitlines())) + "\n")
    with pytest.raises(PermanentSourceError, match="Put the file back from its backup"):
        Ledger.read(tmp_path)


def test_keys__a_visitor_has_a_token_under_each_and_the_current_one_comes_first() -> None:
    tokens = ROTATED.tokens("visitor", "v-1")
    assert [token.split("_")[0] for token in tokens] == ["k2", "k1"]
    assert tokens[1:] == OLD.tokens("visitor", "v-1")


def test_keys__equal_ids_of_two_kinds_have_different_tokens() -> None:
    assert OLD.tokens("account", "1") != OLD.tokens("agent", "1")


def test_keys__a_key_id_given_twice_is_refused() -> None:
    with pytest.raises(PermanentSourceError, match="key id k1 stands twice"):
        KeyRing.parse("k1:one secret", ["k1:another secret"])


def test_keys__the_ledger_stops_the_run_while_a_key_of_it_is_missing() -> None:
    with pytest.raises(PermanentSourceError, match="tokens of key k1, which is not configured"):
        ErasedSubjects(KeyRing.parse("k2:the secret of the second year"), {"visitor": frozenset({"k1_aa"})})


def test_keys__someone_erased_under_a_retired_key_is_known_by_the_id() -> None:
    erased = ErasedSubjects(ROTATED, {"visitor": frozenset(OLD.tokens("visitor", "v-1"))})
    assert erased.holds("visitor", "v-1")
    assert not erased.holds("visitor", "v-2")
