"""A job in this process, with the caller's session: the nightly one that the schedule starts, or a rebuild.

Here belongs the way into Dagster and back: what the job did becomes a published version or one line of failure.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from orchestration.dagster_instance import open_instance, prune_history
from orchestration.failures import RunFailedError
from orchestration.lib.dbt_build import parse_project
from orchestration.lib.session import RunSession

if TYPE_CHECKING:
    from dagster import DagsterEvent


def run_job(session: RunSession, job_name: str) -> None:
    """Execute a job (see `orchestration.lib.jobs`) to its end.

    For a warehouse without a trace of what was, delete its file before a rebuild.

    Raises:
        RunFailedError: a step failed; the message is the first failure's own, the whole story is in the run's log.
    """
    run_id = str(uuid4())
    log = session.folder(run_id) / "run.log"
    log.parent.mkdir(parents=True)
    # What libraries log goes beside what Dagster says, before one of them takes standard error for it.
    logging.basicConfig(filename=log, level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    session.progress.phase("Loading")
    session.progress.doing("the dbt project")
    parse_project(session.settings)
    session.progress.doing("Dagster")
    # Late, because Dagster takes seconds to import.
    from orchestration.definitions import defs

    job = defs().resolve_job_def(job_name)
    with open_instance(session.layout.dagster_home) as instance:
        prune_history(instance)
        result = job.execute_in_process(
            instance=instance,
            run_id=run_id,
            raise_on_error=False,
            resources={"session": session},
            tags=session.instructions.tags,
            run_config={"loggers": {"file": {"config": {"path": str(log)}}}},
        )
    if not result.success:
        raise RunFailedError(_first_failure(result.all_events, log))


def _first_failure(events: Sequence[DagsterEvent], log: Path) -> str:
    for event in events:
        if event.is_step_failure:
            failure = event.step_failure_data
            if failure.user_failure_data is not None:
                return str(failure.user_failure_data.description)
            error = failure.error.cause if failure.error and failure.error.cause else failure.error
            reason = " ".join(error.message.split()) if error else "no reason given"
            return f"step {event.step_key}: {reason} (the traceback is in {log})"
    return f"the job failed outside its steps; see {log}"
