"""Running dbt in this process: parse the project once, build the warehouse with that parse.

One `build` a run: most of its overhead is imports and parsing, so neither is paid twice. What the models mean is
dbt's business; this module only turns its results into plain records.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from orchestration.failures import RunFailedError
from orchestration.lib.paths import DataLayout, dbt_project_dir
from orchestration.lib.session import RunSession
from orchestration.settings import Settings, exported_for_dbt

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunnerResult
    from dbt.contracts.graph.manifest import Manifest
    from dbt_common.events.base_types import EventMsg

# What dbt calls a node that did what it was asked to; a "warn" is a test of severity warn that found rows.
GOOD_STATUSES = frozenset({"success", "pass", "warn", "no-op"})
RUNNABLE_TYPES = frozenset({"model", "seed", "snapshot", "test"})


@dataclass(frozen=True)
class ParsedProject:
    """The dbt project as parsed in this process: dbt's own object for the build, and manifest.json for reading."""

    manifest: Manifest
    document: Mapping[str, Any]

    @property
    def marts(self) -> tuple[str, ...]:
        """Names of the models that are published, sorted."""
        nodes = self.document["nodes"].values()
        return tuple(sorted(n["name"] for n in nodes if n["resource_type"] == "model" and n["schema"] == "marts"))


@dataclass(frozen=True)
class NodeResult:
    """What became of one model, seed or test. `failing_rows` is what a test counted; None for models."""

    unique_id: str
    status: str
    seconds: float
    message: str
    failing_rows: int | None

    @property
    def is_good(self) -> bool:
        """True when nothing is wrong with it that must stop the run."""
        return self.status in GOOD_STATUSES

    @property
    def name(self) -> str:
        """The node's name without its type and project, e.g. `revenue_monthly`."""
        return self.unique_id.split(".")[2]


@dataclass(frozen=True)
class BuildResult:
    """Everything one `dbt build` did, in the order it finished."""

    nodes: tuple[NodeResult, ...]

    @property
    def failures(self) -> tuple[NodeResult, ...]:
        """Nodes that failed by themselves; those skipped because of them are not named."""
        return tuple(node for node in self.nodes if not node.is_good and node.status != "skipped")


def parse_project(settings: Settings) -> ParsedProject:
    """Parse dbt_project/ with the run's variables, once a process.

    Raises:
        RunFailedError: dbt could not parse it; the message is dbt's own.
    """
    layout = DataLayout(settings.data_dir)
    return _parse(layout, json.dumps(_vars(settings, layout), sort_keys=True))


@cache
def _parse(layout: DataLayout, variables: str) -> ParsedProject:
    from dbt.cli.main import dbtRunner  # 3 s of imports

    with exported_for_dbt(layout.warehouse):
        outcome = dbtRunner().invoke([*_quiet_flags(layout), "parse", *_project_flags(layout, variables)])
    if not outcome.success:
        raise RunFailedError(f"dbt cannot parse its project: {_one_line(outcome.exception)}")
    document = json.loads((layout.dbt_target / "manifest.json").read_text(encoding="utf-8"))
    return ParsedProject(manifest=outcome.result, document=document)  # type: ignore[arg-type]


def build_warehouse(  # noqa: PLR0913 (what is built, of what, who is told)
    project: ParsedProject,
    session: RunSession,
    on_node: Callable[[str, int, int], None],
    select: Sequence[str] = (),
    *,
    tested: bool = True,
    variables: Mapping[str, str] | None = None,
) -> BuildResult:
    """Run `dbt build` into the warehouse file and release the file.

    Args:
        project: the parse of this process; dbt does not parse again.
        session: its settings, folders and instant, which is what the models take for now.
        on_node: called as each node ends with its name, how many have ended and how many there are.
        select: what to build, as dbt spells it; empty builds everything.
        tested: run the data tests of what is built, too.
        variables: dbt variables of this build alone.

    Raises:
        RunFailedError: dbt broke before it could run any node. Failed nodes do not raise, they are in the result.
    """
    from dbt.cli.main import dbtRunner

    layout = session.layout
    layout.warehouse.parent.mkdir(parents=True, exist_ok=True)
    values = {**_vars(session.settings, layout), "run_instant": session.instant.isoformat(), **(variables or {})}
    arguments = [*_quiet_flags(layout), "build", *_project_flags(layout, json.dumps(values, sort_keys=True))]
    # Unit tests prove the SQL, not the night's data: they run with the other tests, once a change, not once a night.
    arguments += ["--exclude-resource-type", "unit_test", *([] if tested else ["--exclude-resource-type", "test"])]
    if select:
        arguments += ["--select", *select]
    runner = dbtRunner(manifest=project.manifest, callbacks=[_counter(on_node)])
    try:
        with exported_for_dbt(layout.warehouse):
            outcome = runner.invoke(arguments)
    finally:
        _release_warehouse()
    return BuildResult(_node_results(outcome))


def _vars(settings: Settings, layout: DataLayout) -> dict[str, object]:
    return {**settings.dbt_vars(), "lake_dir": str(layout.lake)}


def _quiet_flags(layout: DataLayout) -> list[str]:
    return ["--log-level", "none", "--log-level-file", "info", "--log-path", str(layout.logs), "--no-version-check"]


def _project_flags(layout: DataLayout, variables: str) -> list[str]:
    project = str(dbt_project_dir())
    return [
        *("--project-dir", project, "--profiles-dir", project),
        *("--target-path", str(layout.dbt_target)),
        *("--vars", variables),
    ]


def _counter(on_node: Callable[[str, int, int], None]) -> Callable[[EventMsg], None]:
    """A dbt event callback that counts finished nodes; dbt calls it from its worker threads under its own lock."""
    finished: set[str] = set()
    total = 0

    def receive(event: EventMsg) -> None:
        nonlocal total
        if event.info.name == "LogStartLine":
            total = event.data.total
        elif event.info.name == "NodeFinished":
            finished.add(event.data.node_info.unique_id)
            on_node(event.data.node_info.node_name, len(finished), total)

    return receive


def _node_results(outcome: dbtRunnerResult) -> tuple[NodeResult, ...]:
    results = getattr(outcome.result, "results", None)
    if results is None:
        raise RunFailedError(f"dbt could not start building: {_one_line(outcome.exception)}")
    return tuple(
        NodeResult(
            unique_id=result.node.unique_id,
            status=str(result.status),
            seconds=result.execution_time,
            message=_one_line(result.message),
            failing_rows=result.failures,
        )
        for result in results
        if result.node.resource_type in RUNNABLE_TYPES
    )


def _release_warehouse() -> None:
    """Close DuckDB: dbt keeps its connection for the life of the process, and a held file refuses every reader."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    DuckDBConnectionManager.close_all_connections()


def _one_line(message: object) -> str:
    return " ".join(str(message or "").split())
