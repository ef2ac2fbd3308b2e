"""What Dagster is told: one concept a file. Each declares; what is done stands in `orchestration.lib`.

Every file here is imported when Dagster loads: no client, no network, no scratch files.
"""
