"""Long runs by hand: as many random worlds as one likes, and the smallest on which oracle and warehouse differ.

Belongs here: the command line. Does not: how they are compared (agreement), or what CI runs (tests/e2e).
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.oracle.agreement import KINDS, try_worlds
from tests.oracle.inputs import Inputs, Row
from tests.oracle.prepared import PreparedWarehouse
from tests.oracle.warehouse import compile_project

EXAMPLES = """examples:
  python -m tests.oracle                                500 random worlds of each kind, a seed of the day's chance
  python -m tests.oracle finance --worlds 2000          only subscriptions and invoices
  python -m tests.oracle whole --worlds 100 --seed 7    the same worlds as yesterday with seed 7

exit code: 0 they agree; 1 they differ, and the smallest such world is told"""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        "python -m tests.oracle",
        description="Compare the warehouse's SQL with the oracle on random worlds, every mart, every cell.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("kinds", nargs="*", metavar="kind", help=f"of {', '.join(KINDS)}; all when none is given")
    parser.add_argument("--worlds", type=int, default=500, help="how many of each kind (500)")
    parser.add_argument("--seed", type=int, help="the seed of chance; one is drawn and told when none is given")
    parser.add_argument("--no-shrink", action="store_true", help="tell the first world that differs as it is")
    given = parser.parse_args(arguments)
    if unknown := set(given.kinds) - set(KINDS):
        parser.error(f"no such kind of worlds: {', '.join(sorted(unknown))} (there are {', '.join(KINDS)})")
    seed = given.seed if given.seed is not None else random.SystemRandom().randrange(2**32)
    sys.stdout.write(f"seed {seed}\n")
    outcomes = [_run(kind, given.worlds, seed, shrinks=not given.no_shrink) for kind in given.kinds or KINDS]
    return 0 if all(outcomes) else 1


def _run(name: str, number: int, seed: int, *, shrinks: bool) -> bool:
    """Whether they agree; progress goes to standard error, a line every hundred worlds."""
    kind = KINDS[name]
    with tempfile.TemporaryDirectory() as folder:
        warehouse = PreparedWarehouse(compile_project(Path(folder)), Path(folder), kind.marts)
        began, seen = time.monotonic(), 0

        def marts_of(world: Inputs) -> dict[str, list[Row]]:
            nonlocal seen
            seen += 1
            if seen % 100 == 0:
                sys.stderr.write(f"{name}: {seen} worlds, {seen / (time.monotonic() - began):.1f} a second\n")
            return warehouse.marts_of(world)

        try:
            try_worlds(kind, marts_of, number, seed_of_chance=seed, shrinks=shrinks)
        except AssertionError as difference:
            sys.stdout.write(f"{name}: they differ, after {seen} worlds\n{difference}\n")
            return False
        finally:
            warehouse.close()
    sys.stdout.write(f"{name}: they agree on {seen} worlds, {seen / (time.monotonic() - began):.1f} a second\n")
    return True


if __name__ == "__main__":
    sys.exit(main())
