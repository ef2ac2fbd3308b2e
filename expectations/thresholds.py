"""Every number the two gates judge by, with the reason for it.

Belongs here: limits a person may want to move. Does not belong here: what is measured (the rules) and the closed
sets of METRICS.md (they stand beside the rules that use them).
"""

from __future__ import annotations

# A batch may lose a few rows to the quarantine. Above the first share somebody should look, above the second the
# source has changed its ways and its rows must not replace good ones. Shares of few rows say nothing.
QUARANTINE_WARN_SHARE = 0.01
QUARANTINE_BLOCK_SHARE = 0.20
QUARANTINE_MIN_ROWS = 50

# `track_event()` sends again after a time-out, so some ids arrive twice. More than this points at a loop in the app.
DUPLICATE_EVENTS_WARN_SHARE = 0.05

# Volume against the partition that is replaced, the snapshot before, or the same weekday a week ago.
VOLUME_WARN_RATIO = 0.5
VOLUME_MIN_ROWS = 50

# METRICS 1.1: how far the client's clock may be from the server's.
CLOCK_AHEAD_DAYS = 1
CLOCK_BEHIND_DAYS = 366

# A day on which the whole MRR moves by more than this is a mistake more often than a triumph. Only the newest days
# are judged: a small company's first weeks jump by rights, and an old day has been judged on its own night.
MRR_DAY_MOVE_WARN_RATIO = 0.30
MRR_DAY_MOVE_DAYS = 7

# How many examples a failed check names, at most.
EXAMPLE_COUNT = 5
