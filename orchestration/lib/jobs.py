"""The names of Dagster's jobs, so that a command can name one without importing Dagster.

What each of them does stands in `orchestration.defs.nightly`.
"""

NIGHTLY = "nightly"
REBUILD = "rebuild"
