"""Every number the two gates judge by, with the reason for it.

Belongs here: limits a person may want to move. Does not belong here: what is measured (the rules) and the closed
sets of METRICS.md (they stand beside the rules that use them).
"""

from __future__ import annotations

from dataclasses import dataclass

# A batch may lose a few rows to the quarantine. Above this share somebody should look; what stops a run is one of the
# `BatchLimits`. Shares of few rows say nothing.
QUARANTINE_WARN_SHARE = 0.01
QUARANTINE_MIN_ROWS = 50

# `track_event()` sends again after a time-out, so some ids arrive twice. More than this points at a loop in the app.
DUPLICATE_EVENTS_WARN_SHARE = 0.05

# A day is held against the median of the same weekday in the weeks before: one holiday or one load test among four
# does not move a median, and of fewer than three weeks it would be a guess. Few rows halve by chance.
VOLUME_WEEKS = 4
VOLUME_MIN_WEEKS = 3
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


@dataclass(frozen=True, kw_only=True)
class BatchLimits:
    """What stops a batch at gate 1; each company's own, because only it knows what its sources do.

    quarantine_max_share: a source that loses more of its rows has changed its ways, and must not replace good ones.
    volume_min_ratio: fewer rows than this, of those to be expected, are an outage or a broken export more often than
    a quiet day. Both are fractions between 0 and 1.
    """

    quarantine_max_share: float = 0.20
    volume_min_ratio: float = 0.5


USUAL_LIMITS = BatchLimits()
