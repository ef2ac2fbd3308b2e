"""API keys: what is kept, what is refused, and that every refusal takes the same way."""

from __future__ import annotations

import hmac
import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import Mock

import pytest

from serving.api.access import keys as keys_module
from serving.api.access.keys import LONGEST_LIFETIME, ApiKey, KeyFile, KeyFileError, KeyRefusedError

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@pytest.fixture
def keys(tmp_path: Path) -> KeyFile:
    return KeyFile(tmp_path / "api" / "keys.json")


def make(keys: KeyFile, days: int = 90, role: str = "analyst") -> tuple[ApiKey, str]:
    return keys.create(
        name="Looker Studio", role=role, scopes=None, created_at=NOW, expires_at=NOW + timedelta(days=days)
    )


def test_key__is_good_until_its_end_and_not_at_it(keys: KeyFile) -> None:
    made, token = make(keys, days=1)
    assert keys.verify(token, made.expires_at - timedelta(microseconds=1)) == (made, None)
    assert keys.verify(token, made.expires_at) == (made, "expired")


def test_key__has_256_random_bits_and_is_never_twice_the_same(keys: KeyFile) -> None:
    tokens = {make(keys)[1] for _ in range(20)}
    secrets = {token.split("_")[2] for token in tokens}
    assert len(secrets) == 20
    assert all(len(bytes.fromhex(secret)) == 32 for secret in secrets)


def test_file__holds_no_secret_and_belongs_to_its_owner_alone(keys: KeyFile) -> None:
    _, token = make(keys)
    assert token.split("_")[2] not in keys.path.read_text()
    assert keys.path.stat().st_mode & 0o777 == 0o600
    assert keys.path.parent.stat().st_mode & 0o777 == 0o700


def test_revoked_key__is_refused_at_once_by_a_reader_that_knew_it(keys: KeyFile) -> None:
    made, token = make(keys)
    server = KeyFile(keys.path)
    assert server.verify(token, NOW)[1] is None
    keys.revoke(made.id, NOW)
    assert server.verify(token, NOW)[1] == "revoked"


def test_new_key__is_known_at_once_to_a_reader_that_found_no_file(keys: KeyFile) -> None:
    server = KeyFile(keys.path)
    assert server.verify("nvx_00000000_" + "0" * 64, NOW)[1] == "wrong"
    _, token = make(keys)
    assert server.verify(token, NOW)[1] is None


def test_revoking__twice_keeps_the_first_instant(keys: KeyFile) -> None:
    made, _ = make(keys)
    keys.revoke(made.id, NOW)
    assert keys.revoke(made.id, NOW + timedelta(days=1)).revoked_at == NOW


def test_revoking__an_unknown_key_says_where_to_look(keys: KeyFile) -> None:
    with pytest.raises(KeyRefusedError, match="netvexa keys list"):
        keys.revoke("00000000", NOW)


@pytest.mark.parametrize("days", [-1, 0, LONGEST_LIFETIME.days + 1])
def test_lifetime__ends_in_the_future_and_within_a_year(keys: KeyFile, days: int) -> None:
    with pytest.raises(KeyRefusedError, match="366 days"):
        make(keys, days=days)
    assert keys.entries() == []


def test_refusals__all_take_one_way_and_make_one_comparison(keys: KeyFile, monkeypatch: pytest.MonkeyPatch) -> None:
    made, token = make(keys)
    expired, expired_token = make(keys, days=1)
    revoked, revoked_token = make(keys)
    keys.revoke(revoked.id, NOW)
    compared: list[tuple[int, int]] = []
    genuine = hmac.compare_digest

    def counting(left: str, right: str) -> bool:
        compared.append((len(left), len(right)))
        return genuine(left, right)

    monkeypatch.setattr(keys_module.hmac, "compare_digest", counting)
    later = NOW + timedelta(days=2)
    wrong = f"nvx_{made.id}_{'0' * 64}"
    presented = {
        "": "wrong",
        "nonsense": "wrong",
        "nvx_": "wrong",
        "nvx__": "wrong",
        token.upper(): "wrong",
        token + "0": "wrong",
        token[:-1]: "wrong",
        "ключ": "wrong",
        f"nvx_ffffffff_{'0' * 64}": "wrong",
        wrong: "wrong",
        expired_token: "expired",
        f"nvx_{expired.id}_{'0' * 64}": "wrong",
        revoked_token: "revoked",
        token: None,
    }
    for attempt, refusal in presented.items():
        compared.clear()
        assert keys.verify(attempt, later)[1] == refusal, attempt
        assert compared == [(64, 64)], attempt


def test_unknown_key__is_refused_even_by_somebody_who_knows_what_it_is_compared_with(
    keys: KeyFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(keys)
    monkeypatch.setattr(keys_module, "_sha256", lambda _: "0" * 64)
    assert keys.verify("anything", NOW)[1] == "revoked"


@pytest.mark.parametrize("content", ["", "{", "[]", '{"keys": [{}]}', '{"keys": [{"id": "1", "created_at": "2026"}]}'])
def test_damaged_file__lets_nobody_in_and_says_so(keys: KeyFile, content: str) -> None:
    _, token = make(keys)
    server = KeyFile(keys.path)
    assert server.verify(token, NOW)[1] is None
    keys.path.write_text(content)
    assert server.verify(token, NOW)[1] == "wrong"
    problem = server.problem()
    assert problem is not None
    assert "keys.json cannot be read" in problem
    with pytest.raises(KeyFileError, match="restore it from the backup"):
        make(keys)
    assert keys.path.read_text() == content


@pytest.mark.parametrize(
    "sha256", ["é" * 64, "0" * 63, "", 7, None], ids=["not ASCII", "too short", "empty", "a number", "null"]
)
def test_hash__that_is_none_is_a_damaged_file_and_no_failed_request(keys: KeyFile, sha256: object) -> None:
    _, token = make(keys)
    document = json.loads(keys.path.read_text())
    document["keys"][0]["secret_sha256"] = sha256
    keys.path.write_text(json.dumps(document))
    assert keys.verify(token, NOW)[1] == "wrong"
    assert "has no SHA-256" in (keys.problem() or "")


def test_file__that_was_made_readable_again_is_read_again(keys: KeyFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after `sudo netvexa keys create`, and a chown."""
    _, token = make(keys)
    server = KeyFile(keys.path)
    with monkeypatch.context() as denied:
        denied.setattr(Path, "read_text", Mock(side_effect=PermissionError("not yours")))
        assert server.verify(token, NOW)[1] == "wrong"
        assert "not yours" in (server.problem() or "")
    keys.path.chmod(0o640)
    assert server.verify(token, NOW)[1] is None
    assert server.problem() is None


def test_file__is_not_read_again_for_whoever_asks_whether_it_is_good(
    keys: KeyFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, token = make(keys)
    server = KeyFile(keys.path)
    assert server.problem() is None
    monkeypatch.setattr(Path, "read_text", Mock(side_effect=AssertionError))
    assert server.problem() is None
    assert server.verify(token, NOW)[1] is None


def test_instant_without_an_offset__is_no_instant(keys: KeyFile) -> None:
    make(keys)
    document = json.loads(keys.path.read_text())
    document["keys"][0]["expires_at"] = "2027-01-01T00:00:00"
    keys.path.write_text(json.dumps(document))
    assert "has no offset" in (keys.problem() or "")


def test_keys_made_at_once__are_all_kept(keys: KeyFile) -> None:
    threads = [threading.Thread(target=make, args=(KeyFile(keys.path),)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys.entries()) == 16
    assert sorted(path.name for path in keys.path.parent.iterdir()) == ["keys.json", "keys.lock"]


def test_a_killed_writer__leaves_the_keys_as_they_were_and_the_next_one_goes_on(keys: KeyFile) -> None:
    _, token = make(keys)
    keys.path.with_suffix(".next").write_text("half of a")
    assert keys.verify(token, NOW)[1] is None
    make(keys)
    assert len(keys.entries()) == 2
