"""`python -m tests.mutation`: break every mart, and tell which guard of a night notices."""

from __future__ import annotations

import sys
import tempfile
import time
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path

from tests.mutation.hunt import hunt_all
from tests.mutation.night import NightlyProject
from tests.mutation.report import whole

EXAMPLES = """examples:
  python -m tests.mutation                        every mutant of every mart (about two minutes)
  python -m tests.mutation mrr_daily kpi_daily    those of two marts
  python -m tests.mutation --all-guards           name every guard that notices, not only the first to stop the night
  python -m tests.mutation > mutants.md           the table alone; progress goes to the terminal

Exit code 1 when a mutant survives the guards of a night and the oracle's comparison, 0 when none does.
"""


def main() -> int:
    parser = ArgumentParser(
        "python -m tests.mutation", description=__doc__, epilog=EXAMPLES, formatter_class=RawDescriptionHelpFormatter
    )
    parser.add_argument("marts", nargs="*", help="names of marts; all when none is given")
    parser.add_argument("--all-guards", action="store_true", help="ask also the guards that a night would not come to")
    arguments = parser.parse_args()
    started = time.monotonic()
    is_terminal = sys.stderr.isatty()

    def tell(name: str, ended: int, total: int) -> None:
        if is_terminal or ended % 25 == 0 or ended == total:
            counted = f"{ended}/{total} " if total else ""
            text = f"{time.monotonic() - started:4.0f} s  {counted}{name}"
            print(f"\r{text[:100]:<100}" if is_terminal else text, end="" if is_terminal else "\n", file=sys.stderr)  # noqa: T201

    with tempfile.TemporaryDirectory(prefix="netvexa-mutation-") as scratch:
        tell("compiling the dbt project", 0, 0)
        project = NightlyProject.compile(Path(scratch) / "compiled")
        result = hunt_all(project, Path(scratch) / "lake", tell, arguments.marts, hears_all=arguments.all_guards)
    if is_terminal:
        print(file=sys.stderr)  # noqa: T201
    print(whole(result))  # noqa: T201
    print(f"\n{time.monotonic() - started:.0f} s")  # noqa: T201
    return int(any(outcome.verdict == "survives" for outcome in result.outcomes))


if __name__ == "__main__":
    sys.exit(main())
