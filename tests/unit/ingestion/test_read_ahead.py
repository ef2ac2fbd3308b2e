"""Claims about fetching ahead: order, errors and an early end are what they would be without it."""

from __future__ import annotations

import threading
from collections.abc import Generator

import pytest

from ingestion.sources.app.read_ahead import AHEAD, read_ahead


def _counted(fetched: list[int], stop: int, closed: list[bool]) -> Generator[int]:
    try:
        for number in range(stop):
            fetched.append(number)
            yield number
    finally:
        closed.append(True)


def test_read_ahead__keeps_the_order_and_ends() -> None:
    closed: list[bool] = []
    assert list(read_ahead(_counted([], 50, closed))) == list(range(50))
    assert closed == [True]


def test_read_ahead__fetches_in_one_other_thread() -> None:
    def threads() -> Generator[int]:
        for _ in range(10):
            yield threading.get_ident()

    assert len({threading.get_ident(), *read_ahead(threads())}) == 2


def test_read_ahead__raises_what_fetching_raised_in_its_place() -> None:
    def failing() -> Generator[int]:
        yield 1
        yield 2
        raise ConnectionError

    seen: list[int] = []
    with pytest.raises(ConnectionError):
        seen.extend(read_ahead(failing()))
    assert seen == [1, 2]


def test_read_ahead__an_early_end_closes_the_source_and_fetches_no_more() -> None:
    fetched: list[int] = []
    closed: list[bool] = []
    batches = read_ahead(_counted(fetched, 1000, closed))
    assert next(batches) == 0
    batches.close()
    assert closed == [True]
    assert len(fetched) <= 1 + AHEAD
