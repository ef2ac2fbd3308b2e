"""The Dagster code location: everything under `defs/`, found by itself.

Nothing is declared here. Loading is lazy: importing this module reads no settings and parses nothing.
"""

from pathlib import Path

import dagster as dg


@dg.definitions
def defs() -> dg.Definitions:
    """Assets, checks, the nightly job, its schedule and its resources."""
    return dg.load_from_defs_folder(path_within_project=Path(__file__).parent)
