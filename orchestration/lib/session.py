"""One run of the nightly job: what all its steps share, from taking the lock to letting it go."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from orchestration.lib.company import check_company
from orchestration.lib.instructions import Instructions
from orchestration.lib.old_logs import date_dbt_log
from orchestration.lib.paths import DataLayout
from orchestration.lib.progress import Progress
from orchestration.lib.pseudonym_keys import check_pseudonym_key
from orchestration.lib.recovery import recover
from orchestration.lib.reporting_day import as_of_date
from orchestration.lib.run_lock import hold_run_lock
from orchestration.settings import Settings

Clock = Callable[[], datetime]

# What every night asks: nothing beyond what is due.
NOTHING_MORE = Instructions()


@dataclass(frozen=True)
class RunSession:
    """A run that holds the lock. `instant` is what it takes for now, in every step; `clock` tells the real time."""

    settings: Settings
    layout: DataLayout
    instant: datetime
    started_at: datetime
    clock: Clock
    progress: Progress
    instructions: Instructions = NOTHING_MORE

    @property
    def as_of_date(self) -> date:
        """The last complete local day at the run's instant."""
        return as_of_date(self.settings, self.instant)

    def folder(self, run_id: str) -> Path:
        """Where this run keeps its log and its data docs; names sort by time."""
        return self.layout.runs / f"{self.started_at:%Y%m%dT%H%M%SZ}-{run_id[:8]}"


@contextmanager
def open_session(
    settings: Settings,
    clock: Clock,
    progress: Progress,
    argv: Sequence[str],
    instructions: Instructions = NOTHING_MORE,
) -> Iterator[RunSession]:
    """Check the configuration, take the lock, heal what a killed run left, and hand out the session.

    Raises:
        ConfigurationError: see `check_company` and `check_pseudonym_key`.
        RunLockedError: another run is going on in this data directory.
        RunFailedError: something holds the warehouse file open.
    """
    layout = DataLayout(settings.data_dir)
    check_company(settings, layout)
    check_pseudonym_key(settings, layout)
    started_at = clock()
    with hold_run_lock(layout.run_lock, started_at, argv):
        recover(layout, progress)
        date_dbt_log(layout.logs, started_at)
        yield RunSession(
            settings=settings,
            layout=layout,
            instant=settings.as_of or started_at,
            started_at=started_at,
            clock=clock,
            progress=progress,
            instructions=instructions,
        )
