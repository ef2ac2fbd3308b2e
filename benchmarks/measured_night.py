"""One nightly job on the sample company, in a process of its own that marks every step. Started by `nightly`.

Belongs here: the job, with a `Progress` that marks instead of printing. Does not: measuring and judging.
"""

from __future__ import annotations

import sys
import warnings
from datetime import UTC, datetime

from benchmarks.marks import say


class MarkingProgress:
    """`Progress` into marks. What stays on a terminal is of no interest here; a warning is the job's own business."""

    def phase(self, title: str) -> None:
        say("phase", title)

    def doing(self, text: str) -> None:
        say("doing", text)

    def done(self, text: str) -> None:
        pass

    def warn(self, text: str) -> None:
        pass


def main() -> None:
    """Run the job with the settings of the environment; a failure ends the process with its traceback."""
    warnings.simplefilter("ignore")
    from orchestration.lib.jobs import NIGHTLY
    from orchestration.lib.session import open_session
    from orchestration.nightly_run import run_job
    from orchestration.settings import load_settings

    settings = load_settings().for_sample_company()
    with open_session(settings, lambda: datetime.now(UTC), MarkingProgress(), sys.argv) as session:
        run_job(session, NIGHTLY)


if __name__ == "__main__":
    say("phase", "Starting")
    main()
    say("end", "")
