"""Which failures may be tried again, and how often.

Belongs here: the two kinds of failure and the one retry policy. Does not: reading a library's errors (each source
knows its own client and raises one of the two kinds).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

T = TypeVar("T")

MAX_ATTEMPTS = 5
MAX_WAIT_SECONDS = 30.0


class SourceError(Exception):
    """A source could not be read. The message names the cause and the next step, in one line, without secrets."""


class PermanentSourceError(SourceError):
    """It will fail again until a person acts: never retried."""


class TransientSourceError(SourceError):
    """It may heal by itself: retried a bounded number of times.

    `retry_after`: seconds the source asked us to wait, if it did.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


_backoff = wait_exponential_jitter(multiplier=0.5, max=MAX_WAIT_SECONDS, jitter=0.5)


def _wait(state: RetryCallState) -> float:
    """What the source asked for when it did (bounded, it may ask for hours), else exponential with jitter."""
    failure = state.outcome.exception() if state.outcome else None
    asked = failure.retry_after if isinstance(failure, TransientSourceError) else None
    if asked is not None:
        return min(max(asked, 0.0), MAX_WAIT_SECONDS)
    return float(_backoff(state))


def with_retries(
    attempt: Callable[[], T],
    *,
    attempts: int = MAX_ATTEMPTS,
    sleep: Callable[[float], None] = time.sleep,
    progress: Callable[[str], None] | None = None,
) -> T:
    """Call `attempt` until it returns, at most `attempts` times; only TransientSourceError is tried again.

    The last TransientSourceError is raised as it is; every other exception at once.
    """

    def tell(state: RetryCallState) -> None:
        if progress is not None and state.outcome is not None:
            progress(f"trying again ({state.attempt_number} of {attempts - 1}): {state.outcome.exception()}")

    policy = Retrying(
        retry=retry_if_exception_type(TransientSourceError),
        stop=stop_after_attempt(attempts),
        wait=_wait,
        sleep=sleep,
        before_sleep=tell,
        reraise=True,
    )
    return policy(attempt)
