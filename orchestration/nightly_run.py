"""The nightly job in this process: the same job that the schedule starts, with the caller's session.

Here belongs the way into Dagster and back: what the job did becomes a published version or one line of failure.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from orchestration.dagster_instance import open_instance
from orchestration.failures import RunFailedError
from orchestration.lib.dbt_build import parse_project
from orchestration.lib.session import RunSession

if TYPE_CHECKING:
    from dagster import DagsterEvent


def run_nightly(session: RunSession) -> None:
    """Execute the nightly job to its end.

    Raises:
        RunFailedError: a step failed; the message is the first failure's own, the whole story is in logs/dagster.log.
    """
    log = session.layout.logs / "dagster.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    # What libraries log goes beside what Dagster says, before one of them takes standard error for it.
    logging.basicConfig(filename=log, level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    session.progress.phase("Loading")
    session.progress.doing("the dbt project")
    parse_project(session.settings)
    session.progress.doing("Dagster")
    from orchestration.definitions import defs
    from orchestration.defs.nightly import JOB_NAME  # Dagster: 2 s

    job = defs().resolve_job_def(JOB_NAME)
    with open_instance(session.layout.dagster_home) as instance:
        result = job.execute_in_process(
            instance=instance,
            raise_on_error=False,
            resources={"session": session},
            run_config={"loggers": {"file": {"config": {"path": str(log)}}}},
        )
    if not result.success:
        raise RunFailedError(_first_failure(result.all_events))


def _first_failure(events: Sequence[DagsterEvent]) -> str:
    for event in events:
        if event.is_step_failure:
            failure = event.step_failure_data
            if failure.user_failure_data is not None:
                return str(failure.user_failure_data.description)
            error = failure.error.cause if failure.error and failure.error.cause else failure.error
            return f"step {event.step_key}: {' '.join(error.message.split()) if error else 'no reason given'}"
    return "the job failed outside its steps; see logs/dagster.log"
