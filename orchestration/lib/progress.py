"""What a person sees of a run while it runs.

`Progress` is all that the working code knows. The terminal's forms are in `orchestration.commands.terminal`, the one
that writes to Dagster's log is with the Dagster resources.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from expectations.report import Report


class Progress(Protocol):
    """Receives the story of a run: phases, what is finished in them, what is being done, what looks odd."""

    def phase(self, title: str) -> None:
        """A new part of the run begins; the one before it has ended."""

    def doing(self, text: str) -> None:
        """What is being done at this moment; replaces what was said before, may be dropped."""

    def done(self, text: str) -> None:
        """Something is finished, and worth a line that stays."""

    def warn(self, text: str) -> None:
        """Something a person should look at, though the run goes on."""


def report_verdict(progress: Progress, report: Report) -> None:
    """Tell what a gate found: how many checks held, and one line for each warning. Failures are the run's last word."""
    for warning in report.warnings:
        progress.warn(warning.message)
    passed = sum(result.passed for result in report.results)
    progress.done(f"{passed} of {len(report.results)} checks hold")
