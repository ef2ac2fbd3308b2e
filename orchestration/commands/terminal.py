"""What a run looks like on a terminal, and in a file where there is no terminal.

Only appearance: spinners, lines, the table of headline numbers. Everything here writes to standard output; standard
error is kept for the one line of a failure.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from rich.console import Console
from rich.status import Status
from rich.table import Table

from orchestration.lib.progress import Progress

if TYPE_CHECKING:
    from serving.headline import HeadlineRow

_DECIMALS = {"eur": 2, "months": 1, "score": 1, "hours": 1, "count": 1}


class TerminalProgress:
    """Lines that stay for what is finished; on a real terminal also a spinner for what is being done."""

    def __init__(self, console: Console, status: Status | None) -> None:
        self._console = console
        self._status = status
        self._phase = ""
        self._phase_started = 0.0

    def phase(self, title: str) -> None:
        self.end_phase()
        self._phase, self._phase_started = title, time.monotonic()
        self._console.print(f"[bold]{title}[/bold]", highlight=False)
        self.doing(title)

    def doing(self, text: str) -> None:
        if self._status is not None:
            self._status.update(f"[dim]{_plain(text)}[/dim]")

    def done(self, text: str) -> None:
        self._console.print(f"  {_plain(text)}", highlight=False, soft_wrap=True)

    def warn(self, text: str) -> None:
        self._console.print(f"  [yellow]warning:[/yellow] {_plain(text)}", highlight=False, soft_wrap=True)

    def end_phase(self) -> None:
        """Say how long the phase took, if there was one."""
        if self._phase:
            self._console.print(f"  [dim]{time.monotonic() - self._phase_started:.1f} s[/dim]", highlight=False)
            self._phase = ""


@contextmanager
def terminal_progress(console: Console) -> Iterator[Progress]:
    """Progress on this console for the duration of the block; a spinner only where one can be seen."""
    if console.is_terminal:
        with console.status("") as status:
            progress = TerminalProgress(console, status)
            yield progress
            progress.end_phase()
    else:
        progress = TerminalProgress(console, None)
        yield progress
        progress.end_phase()


def headline_table(rows: list[HeadlineRow], title: str) -> Table:
    """The headline numbers with their targets and their change on a month ago."""
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column("Metric")
    for heading in ("Value", "Target", "A month ago", "Change"):
        table.add_column(heading, justify="right")
    for row in rows:
        mark = {True: " [green]✓[/green]", False: " [red]✗[/red]", None: ""}[row.is_on_target]
        target = "" if row.target is None else f"{row.comparator} {formatted(row.target, row.unit)}"
        table.add_row(
            row.label,
            formatted(row.value, row.unit),
            target + mark,
            formatted(row.previous_value, row.unit),
            "" if row.change_ratio is None else f"{_rounded(row.change_ratio * 100, 1):+}\u202f%",
        )
    return table


def formatted(value: Decimal | None, unit: str) -> str:
    """A number as people write it: `24,500.00 €`, `19.8 %`, `3.2 ×`, `–` when it cannot be known."""
    if value is None:
        return "–"
    if unit == "ratio":
        return f"{_rounded(value * 100, 1):,}\u202f%"
    number = f"{_rounded(value, _DECIMALS.get(unit, 1)):,}"
    if unit == "count":
        return number.removesuffix(".0")
    suffixes = {"eur": "\u202f€", "multiple": "\u202f×", "hours": " hours", "months": " months"}
    return number + suffixes.get(unit, "")


def _rounded(value: Decimal, places: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def _plain(text: str) -> str:
    """Text of others, with rich's markup characters taken literally."""
    return text.replace("[", "\\[")
