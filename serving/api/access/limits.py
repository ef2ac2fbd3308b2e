"""How often a caller may ask, and how often an address may be wrong.

Belongs here: counting and refusing by count. Does not: who is right (gate).

Wrong credentials are counted by client address. Behind one proxy everybody has the same address, so an address over its
limit is not closed: credentials that were good before go on working, and only those never seen to be good wait. Who
guesses has nothing but such, so a guess costs time; a neighbour is at most kept from beginning for a minute.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable

from cachetools import TTLCache
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

# Enough for every caller of a company; the oldest is forgotten first, which costs it one wait during an attack.
_REMEMBERED = 10_000
_REMEMBERED_SECONDS = 24 * 3600


class RateLimits:
    """Two moving windows of a minute, in this process's memory."""

    def __init__(self, per_caller: int, failures_per_address: int, clock: Callable[[], float] = time.time) -> None:
        self._windows = MovingWindowRateLimiter(MemoryStorage())
        self._caller = RateLimitItemPerMinute(per_caller, namespace="caller")
        self._failures = RateLimitItemPerMinute(failures_per_address, namespace="failures")
        self._clock = clock
        self._good: TTLCache[bytes, None] = TTLCache(_REMEMBERED, _REMEMBERED_SECONDS)

    def wait_of_caller(self, name: str) -> int | None:
        """Count a request; returns the seconds to wait where it is one too many, else None."""
        if self._windows.hit(self._caller, name):
            return None
        return self._seconds_until_free(self._caller, name)

    def wait_of_unknown(self, address: str, token: str) -> int | None:
        """Seconds an unknown credential from this address has to wait; None for one that was good before."""
        if self._windows.test(self._failures, address) or _digest(token) in self._good:
            return None
        return self._seconds_until_free(self._failures, address)

    def remember_good(self, token: str) -> None:
        """Let this credential pass when its address has been wrong too often. It is verified all the same."""
        self._good[_digest(token)] = None

    def count_failure(self, address: str) -> None:
        """Count a refused credential."""
        self._windows.hit(self._failures, address)

    def _seconds_until_free(self, limit: RateLimitItemPerMinute, key: str) -> int:
        return max(1, math.ceil(self._windows.get_window_stats(limit, key).reset_time - self._clock()))


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", errors="surrogatepass")).digest()
