"""Results kept as long as their version is open: encoded answers, computed once however many ask at the same moment.

Belongs here: the cache of one version. Does not: what a result is made of, or its key.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field

from cachetools import LRUCache

# A page of a thousand rows is some 100 kB; a version is asked for a few hundred different ones.
MAX_BYTES = 64 * 2**20
_OVERHEAD = 1024


@dataclass(frozen=True)
class Result:
    """An encoded answer: body, its media type, and the headers that belong to it.

    gzipped: the body compressed, None where that is not worth it.
    """

    body: bytes
    media_type: str
    headers: dict[str, str] = field(default_factory=dict)
    gzipped: bytes | None = None


class Results:
    """Results of one version by key, the least recently used leave first. For one event loop."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._kept: LRUCache[Hashable, Result] = LRUCache(max_bytes, getsizeof=_size)
        self._flights: dict[Hashable, asyncio.Task[Result]] = {}

    async def get(self, key: Hashable, compute: Callable[[], Awaitable[Result]]) -> Result:
        """The result of that key; computed by the first who asks, awaited by the others. A failure is not kept."""
        kept: Result | None = self._kept.get(key)
        if kept is not None:
            return kept
        flight = self._flights.get(key)
        if flight is None:
            flight = asyncio.ensure_future(self._fly(key, compute))
            self._flights[key] = flight
        # A client that hangs up must not take the flight from the others.
        return await asyncio.shield(flight)

    async def _fly(self, key: Hashable, compute: Callable[[], Awaitable[Result]]) -> Result:
        try:
            result = await compute()
            if _size(result) <= self._kept.maxsize:
                self._kept[key] = result
            return result
        finally:
            del self._flights[key]

    def clear(self) -> None:
        """Forget everything."""
        self._kept.clear()


def _size(result: Result) -> int:
    return len(result.body) + len(result.gzipped or b"") + sum(map(len, result.headers.values())) + _OVERHEAD
