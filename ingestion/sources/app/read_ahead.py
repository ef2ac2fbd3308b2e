"""Fetching while the caller works: the server, the driver and the screening each have something to do at once.

Belongs here: one look-ahead over any iterator of batches. Does not: what is fetched, what is done with it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

# Batches fetched before they are asked for: enough to ride out a slow one, few enough to bound memory.
AHEAD = 3


def read_ahead(batches: Generator[T]) -> Generator[T]:
    """The batches in their order, fetched by one other thread, at most AHEAD of them waiting.

    What fetching raises is raised here, in its place. Closing it waits for the batch being fetched, then closes
    `batches`.
    """
    waiting: deque[Future[T | None]] = deque()
    with ThreadPoolExecutor(1, thread_name_prefix="read-ahead") as thread:
        try:
            waiting.extend(thread.submit(next, batches, None) for _ in range(AHEAD))
            while (batch := waiting.popleft().result()) is not None:
                waiting.append(thread.submit(next, batches, None))
                yield batch
        finally:
            for pending in waiting:
                pending.cancel()
            thread.submit(batches.close).result()
