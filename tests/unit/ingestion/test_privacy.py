"""Claims about the border: what may cross it, and what a token is."""

from __future__ import annotations

import hashlib
import hmac

import pyarrow as pa
import pytest

from ingestion.privacy import PseudonymKey, is_impersonal, keep_labels, referrer_host
from ingestion.retry import PermanentSourceError

SECRET = "a secret of some length"


def test_tokens__are_keyed_hmac_with_the_key_id_in_front() -> None:
    tokens = PseudonymKey.parse(f"k1:{SECRET}").tokens(pa.array(["v1", None, "v1", ""]))
    expected = "k1_" + hmac.new(SECRET.encode(), b"v1", hashlib.sha256).hexdigest()
    assert tokens.to_pylist() == [expected, None, expected, None]


def test_tokens__another_key_gives_other_tokens() -> None:
    values = pa.array(["v1"])
    first, second = (PseudonymKey.parse(f"{key_id}:{SECRET}{key_id}").tokens(values)[0] for key_id in ("k1", "k2"))
    assert first.as_py().split("_")[1] != second.as_py().split("_")[1]


@pytest.mark.parametrize("text", ["", "k1", f":{SECRET}", "k1:", f"k_1:{SECRET}", f"k 1:{SECRET}"])
def test_pseudonym_key__a_wrong_one_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(PermanentSourceError, match="NETVEXA_PSEUDONYM_KEY") as failure:
        PseudonymKey.parse(text)
    assert SECRET not in str(failure.value)


@pytest.mark.parametrize(("secret", "is_guessable"), [("fifteen letters", True), ("sixteen letters!", False)])
def test_pseudonym_key__says_when_its_secret_is_too_short(secret: str, is_guessable: bool) -> None:
    assert PseudonymKey.parse(f"k1:{secret}").is_guessable is is_guessable


def test_pseudonym_key__its_secret_is_not_printed() -> None:
    assert SECRET not in repr(PseudonymKey.parse(f"k1:{SECRET}"))


@pytest.mark.parametrize(
    ("value", "may_land"),
    [
        ("spring_sale-2026", True),
        ("a" * 64, True),
        ("a" * 65, False),
        ("jane@example.com", False),
        ("call 1234567", False),
        ("123456", True),
        ("line\nbreak", False),
        ("ümlaut", False),
        ("<script>", False),
        ("nul\0byte", False),
        ("trailing\n", False),
    ],
)
def test_labels__only_plain_ones_land_and_the_others_count(value: str, may_land: bool) -> None:
    kept = keep_labels(pa.array([value]))
    assert kept.values.to_pylist() == [value if may_land else None]
    assert kept.lost.to_pylist() == [not may_land]


def test_labels__missing_and_empty_are_not_counted_as_lost() -> None:
    kept = keep_labels(pa.array([None, ""], pa.string()))
    assert kept.values.to_pylist() == [None, None]
    assert kept.lost.true_count == 0


@pytest.mark.parametrize(
    ("referrer", "host"),
    [
        ("https://www.Google.com/search?q=my+name", "www.google.com"),
        ("http://blog.example.org:8080/a#b", "blog.example.org"),
        ("news.example.org/path", "news.example.org"),
        ("android-app://com.google.android.gm/", "com.google.android.gm"),
        ("https://example.org.", "example.org"),
        ("localhost", "localhost"),
        ("mailto:jane@example.com", None),
        ("https://jane:pw@example.com/", None),
        ("192.168.1.20", None),
        ("http://[2001:db8::1]/x", None),
        ("http://[broken", None),
        ("Jane Doe", None),
        ("https:///nohost", None),
    ],
)
def test_referrer__leaves_as_its_host_or_not_at_all(referrer: str, host: str | None) -> None:
    assert referrer_host(referrer) == host


@pytest.mark.parametrize(("name", "may_land"), [("Agentur Müller", True), ("x@y.de", False), ("0301234567", False)])
def test_names_people_type__land_unless_personal(name: str, may_land: bool) -> None:
    assert is_impersonal(name) is may_land
