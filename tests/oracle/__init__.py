"""The oracle: every mart of METRICS.md computed a second time, in plain Python, from what the sources hold.

Belongs here: that computation, the worlds it is tried on, and the comparison with the warehouse. Does not: any
knowledge of the SQL (only dbt's manifest is read), or code that the warehouse itself runs.
"""
