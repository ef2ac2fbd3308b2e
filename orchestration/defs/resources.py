"""The one resource of the job: the run's session, with the lock held from the first step to the last.

The command line hands in a session of its own; runs started from Dagster's page or by the schedule get theirs here.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg

from orchestration.dagster_instance import prune_history
from orchestration.lib.session import RunSession, open_session
from orchestration.settings import load_settings


class LogProgress:
    """`Progress` into Dagster's log of the run; what is being done at the moment is not worth a line there."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log

    def phase(self, title: str) -> None:
        self._log.info(title)

    def doing(self, text: str) -> None:
        self._log.debug(text)

    def done(self, text: str) -> None:
        self._log.info(text)

    def warn(self, text: str) -> None:
        self._log.warning(text)


@dg.resource(description="The run's settings, instant, folders and lock.")
def run_session(context: dg.InitResourceContext) -> Iterator[RunSession]:
    """A session of the configured company, on the machine's clock."""
    assert context.log is not None
    assert context.instance is not None
    started_by = ["dagster", "run", str(context.run_id)]
    with open_session(load_settings(), lambda: datetime.now(UTC), LogProgress(context.log), started_by) as session:
        prune_history(context.instance)
        yield session


@dg.logger({"path": str}, description="Everything Dagster says about a run, into a file.")
def log_file(context: dg.InitLoggerContext) -> logging.Logger:
    """A logger of its own: the terminal belongs to the run's progress."""
    logger = logging.Logger("dagster-run")
    handler = logging.FileHandler(context.logger_config["path"], encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger.addHandler(handler)
    return logger


@dg.definitions
def resources() -> dg.Definitions:
    """The session, and the loggers a run may use."""
    return dg.Definitions(
        resources={"session": run_session},
        loggers={"console": dg.colored_console_logger, "file": log_file},
    )
