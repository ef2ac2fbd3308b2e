"""Dagster's own home under the data directory, so that every run shows on its page wherever it was started."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagster import DagsterInstance

_CONFIGURATION = """\
# Written by netvexa. Everything else is Dagster's default: SQLite beside this file.
telemetry:
  enabled: false
"""


def prepare_home(home: Path) -> Path:
    """Make the folder with its configuration, if it is not there; an operator's own configuration stays."""
    home.mkdir(parents=True, exist_ok=True)
    configuration = home / "dagster.yaml"
    if not configuration.exists():
        configuration.write_text(_CONFIGURATION, encoding="utf-8")
    return home


def open_instance(home: Path) -> DagsterInstance:
    """The instance whose records lie in `home`."""
    import dagster as dg  # 2 s

    return dg.DagsterInstance.from_config(str(prepare_home(home)))
