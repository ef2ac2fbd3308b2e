"""Results are computed once, kept within a bound, and a failure is not kept."""

from __future__ import annotations

import asyncio

import pytest

from serving.api.results import Result, Results


class Work:
    """Counts how often it is done; waits for `may_end`, and fails as often as told."""

    def __init__(self, failures: int = 0, size: int = 10) -> None:
        self.done = 0
        self.failures = failures
        self.size = size
        self.may_end = asyncio.Event()

    async def __call__(self) -> Result:
        self.done += 1
        await self.may_end.wait()
        if self.done <= self.failures:
            raise RuntimeError("no result")
        return Result(b"x" * self.size, "text/plain")


def test_results__many_who_ask_at_once_wait_for_one_computation() -> None:
    async def run() -> None:
        results, work = Results(), Work()
        waiting = [asyncio.create_task(results.get("key", work)) for _ in range(50)]
        await asyncio.sleep(0)
        work.may_end.set()
        answers = await asyncio.gather(*waiting)
        assert work.done == 1
        assert all(answer is answers[0] for answer in answers)
        assert await results.get("key", work) is answers[0]
        assert await results.get("another key", work) is not answers[0]
        assert work.done == 2

    asyncio.run(run())


def test_results__one_who_leaves_does_not_take_the_computation_from_the_others() -> None:
    async def run() -> None:
        results, work = Results(), Work()
        first = asyncio.create_task(results.get("key", work))
        await asyncio.sleep(0)
        second = asyncio.create_task(results.get("key", work))
        await asyncio.sleep(0)
        first.cancel()
        work.may_end.set()
        assert (await second).body == b"x" * 10
        assert work.done == 1

    asyncio.run(run())


def test_results__a_failure_reaches_all_who_wait_and_the_next_one_tries_again() -> None:
    async def run() -> None:
        results, work = Results(), Work(failures=1)
        work.may_end.set()
        outcomes = await asyncio.gather(*(results.get("key", work) for _ in range(3)), return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [RuntimeError] * 3
        assert (await results.get("key", work)).body == b"x" * 10
        assert work.done == 2

    asyncio.run(run())


@pytest.mark.parametrize(("size", "computed"), [(10, 3), (100_000, 4)])
def test_results__the_least_recently_used_leaves_first_and_what_is_too_large_is_not_kept(
    size: int, computed: int
) -> None:
    async def run() -> None:
        results, work = Results(max_bytes=4000), Work(size=size)
        work.may_end.set()
        # Each counts a kilobyte of its own, so that three fit.
        for key in ("a", "b", "c", "a"):
            await results.get(key, work)
        assert work.done == computed
        await results.get("d", work)
        before = work.done
        await results.get("b", work)
        assert work.done == before + 1

    asyncio.run(run())


def test_results__count_a_compressed_body_against_the_bound_too() -> None:
    async def run() -> None:
        results, calls = Results(max_bytes=4000), []

        async def work() -> Result:
            calls.append(1)
            return Result(b"x" * 1000, "text/plain", gzipped=b"y" * 3000)

        for _ in range(2):
            await results.get("key", work)
        assert len(calls) == 2

    asyncio.run(run())


def test_results__that_were_cleared_are_computed_again() -> None:
    async def run() -> None:
        results, work = Results(), Work()
        work.may_end.set()
        await results.get("key", work)
        results.clear()
        await results.get("key", work)
        assert work.done == 2

    asyncio.run(run())
