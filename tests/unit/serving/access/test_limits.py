"""How often a caller may ask, and that guessing is slow without closing an address."""

from __future__ import annotations

import time

from serving.api.access.limits import RateLimits


def test_caller__waits_after_its_share_and_others_do_not() -> None:
    limits = RateLimits(per_caller=3, failures_per_address=1)
    assert [limits.wait_of_caller("a") for _ in range(3)] == [None, None, None]
    wait = limits.wait_of_caller("a")
    assert wait is not None
    assert 1 <= wait <= 60
    assert limits.wait_of_caller("b") is None


def test_wait__tells_when_the_oldest_request_leaves_the_window() -> None:
    now = time.time()
    limits = RateLimits(per_caller=1, failures_per_address=1, clock=lambda: now + 50)
    limits.wait_of_caller("a")
    wait = limits.wait_of_caller("a")
    assert wait is not None
    assert 9 <= wait <= 11


def test_wait__is_never_below_a_second() -> None:
    now = time.time()
    limits = RateLimits(per_caller=1, failures_per_address=1, clock=lambda: now + 3600)
    limits.wait_of_caller("a")
    assert limits.wait_of_caller("a") == 1


def test_guesses__wait_after_their_share_whatever_they_are() -> None:
    limits = RateLimits(per_caller=1, failures_per_address=2)
    for guess in ("one", "two"):
        assert limits.wait_of_unknown("10.0.0.1", guess) is None
        limits.count_failure("10.0.0.1")
    for guess in ("three", "one", ""):
        assert limits.wait_of_unknown("10.0.0.1", guess) is not None
    assert limits.wait_of_unknown("10.0.0.2", "one") is None


def test_neighbour__whose_credential_was_good_goes_on_while_somebody_guesses_behind_the_same_proxy() -> None:
    limits = RateLimits(per_caller=1, failures_per_address=2)
    limits.remember_good("neighbour's")
    for _ in range(5):
        limits.count_failure("10.0.0.1")
    assert limits.wait_of_unknown("10.0.0.1", "neighbour's") is None
    assert limits.wait_of_unknown("10.0.0.1", "guess") is not None
