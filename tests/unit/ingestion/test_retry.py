"""Claims about retries: what heals is tried again, a bounded number of times; what cannot is not."""

from __future__ import annotations

import pytest

from ingestion.retry import MAX_WAIT_SECONDS, PermanentSourceError, TransientSourceError, with_retries


class Attempts:
    """Raises the given failures in turn, then returns."""

    def __init__(self, *failures: Exception) -> None:
        self._failures = list(failures)
        self.made = 0

    def __call__(self) -> str:
        self.made += 1
        if self._failures:
            raise self._failures.pop(0)
        return "done"


def test_retries__a_transient_failure_is_tried_again() -> None:
    attempts, waits = Attempts(TransientSourceError("reset"), TransientSourceError("reset")), list[float]()
    assert with_retries(attempts, sleep=waits.append) == "done"
    assert attempts.made == 3
    assert len(waits) == 2


def test_retries__a_permanent_failure_is_not() -> None:
    attempts, waits = Attempts(PermanentSourceError("wrong key")), list[float]()
    with pytest.raises(PermanentSourceError, match="wrong key"):
        with_retries(attempts, sleep=waits.append)
    assert (attempts.made, waits) == (1, [])


def test_retries__give_up_with_the_last_failure() -> None:
    attempts = Attempts(*(TransientSourceError(f"failure {n}") for n in range(9)))
    with pytest.raises(TransientSourceError, match="failure 2"):
        with_retries(attempts, attempts=3, sleep=lambda seconds: None)
    assert attempts.made == 3


@pytest.mark.parametrize(("asked", "waited"), [(7.0, 7.0), (86_400.0, MAX_WAIT_SECONDS), (-1.0, 0.0)])
def test_retries__wait_as_long_as_asked_within_bounds(asked: float, waited: float) -> None:
    waits: list[float] = []
    with_retries(Attempts(TransientSourceError("429", retry_after=asked)), sleep=waits.append)
    assert waits == [waited]


def test_retries__each_is_told() -> None:
    told: list[str] = []
    with_retries(Attempts(TransientSourceError("reset")), sleep=lambda seconds: None, progress=told.append)
    assert told == ["trying again (1 of 4): reset"]
