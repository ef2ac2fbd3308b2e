"""Gate 1: what must hold of every batch of every table alike.

Belongs here: the claims about columns, counts, volume and personal data that are the same for all raw tables, and
the measuring of counts. Does not belong here: claims about one table's values (batch_rules), scanning (batch_profile).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

from expectations.raw_tables import RawTable, Rhythm
from expectations.report import BatchFile, CheckSpec, PartitionCount
from expectations.rule import RowRule, Rule
from expectations.thresholds import (
    QUARANTINE_BLOCK_SHARE,
    QUARANTINE_MIN_ROWS,
    QUARANTINE_WARN_SHARE,
    VOLUME_MIN_ROWS,
    VOLUME_WARN_RATIO,
)

COLUMNS_MATCH = "columns_match_the_contract"
ROWS_ACCOUNTED = "rows_are_accounted_for"
QUARANTINE_SMALL = "quarantine_is_small"
QUARANTINE_BEARABLE = "quarantine_is_bearable"
SOURCE_SPEAKS = "source_did_not_fall_silent"
VOLUME_HOLDS = "volume_is_not_halved"
NO_EMAIL = "text_holds_no_email_address"

# Plain, percent-encoded, or as a JSON escape: the at sign is what every address has.
AT_SIGN = r"(@|%40|\\u0040)"
EMAIL = r"[A-Za-z0-9._%+-]+" + AT_SIGN + r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}"


def holds_email(column: str) -> str:
    """SQL condition: the text column holds something that reads like an e-mail address.

    The three cheap searches come first: the regular expression runs over the few texts that hold an at sign at all.
    """
    at_sign = " or ".join(f"contains({column}, '{sign}')" for sign in ("@", "%40", r"\u0040"))
    return f"(({at_sign}) and regexp_matches({column}, '{EMAIL}'))"


def rules_of_every_table(table: RawTable) -> tuple[Rule, ...]:
    """The claims that hold of this table as of any other."""
    asset = table.asset
    return (
        Rule(
            spec=CheckSpec(
                asset, COLUMNS_MATCH, "block", "The file has the columns and types of docs/lake.md, and no others."
            ),
            unit="columns missing, unknown or of another type",
        ),
        Rule(
            spec=CheckSpec(
                asset, ROWS_ACCOUNTED, "block", "Source rows = landed + quarantined, and the file holds what landed."
            ),
            unit="rows unaccounted for",
        ),
        Rule(
            spec=CheckSpec(
                asset, QUARANTINE_SMALL, "warn", f"At most {QUARANTINE_WARN_SHARE:.0%} of the rows are quarantined."
            ),
            maximum=QUARANTINE_WARN_SHARE,
            unit="share of rows quarantined",
        ),
        Rule(
            spec=CheckSpec(
                asset,
                QUARANTINE_BEARABLE,
                "block",
                f"At most {QUARANTINE_BLOCK_SHARE:.0%} of {QUARANTINE_MIN_ROWS} rows or more are quarantined.",
            ),
            maximum=QUARANTINE_BLOCK_SHARE,
            unit="share of rows quarantined",
        ),
        Rule(
            spec=CheckSpec(
                asset, SOURCE_SPEAKS, "block", "A source that had rows before still has some. Look there first."
            ),
            unit="rows before, none now",
        ),
        Rule(
            spec=CheckSpec(
                asset,
                VOLUME_HOLDS,
                "warn",
                "No fewer rows than half of those replaced, of the snapshot before, or of the same weekday a week ago.",
            ),
            minimum=VOLUME_WARN_RATIO,
            maximum=None,
            unit="of the rows to be expected",
        ),
        RowRule(
            spec=CheckSpec(
                asset, NO_EMAIL, "block", "No text column, JSON included, holds anything like an e-mail address."
            ),
            violation=" or ".join(holds_email(column) for column in table.text_columns),
        ),
    )


def measure_partition(batch: BatchFile, rows_in_file: int, before: int | None) -> dict[str, float | None]:
    """Judge the counts of one partition; None where there is nothing to judge.

    rows_in_file: counted in the staged file. before: rows to be expected (see `rows_before`), None when unknown.
    """
    comparable = before is not None and before >= VOLUME_MIN_ROWS
    return {
        ROWS_ACCOUNTED: abs(batch.source_rows - batch.landed_rows - batch.quarantined_rows)
        + abs(batch.landed_rows - rows_in_file),
        QUARANTINE_BEARABLE: _bearable_share(batch.quarantined_rows, batch.source_rows),
        VOLUME_HOLDS: batch.landed_rows / before if comparable and before else None,
    }


def measure_batch(batches: Sequence[BatchFile], before: int) -> dict[str, float | None]:
    """Judge the counts of all partitions together: days of few rows prove something only in sum.

    before: rows of the partitions that are replaced, or of the snapshot before.
    """
    source, quarantined = sum(batch.source_rows for batch in batches), sum(batch.quarantined_rows for batch in batches)
    fell_silent = all(batch.landed_rows == 0 for batch in batches)
    return {
        QUARANTINE_SMALL: quarantined / source if source else None,
        QUARANTINE_BEARABLE: _bearable_share(quarantined, source),
        SOURCE_SPEAKS: before if fell_silent else 0,
    }


def _bearable_share(quarantined: int, source: int) -> float | None:
    return quarantined / source if source >= QUARANTINE_MIN_ROWS else None


def landed_before(previous: Iterable[PartitionCount], table: RawTable) -> dict[str, int]:
    """Rows of the table's partitions in the lake, by partition value."""
    return {count.partition_value: count.landed_rows for count in previous if count.asset == table.asset}


def rows_replaced(batch: BatchFile, landed: Mapping[str, int], rhythm: Rhythm) -> int | None:
    """Rows of the partition that this one replaces; for a snapshot that replaces none, of the newest one before it."""
    if batch.partition_value in landed:
        return landed[batch.partition_value]
    earlier = [value for value in landed if value < batch.partition_value] if rhythm == "snapshot" else []
    return landed[max(earlier)] if earlier else None


def rows_before(batch: BatchFile, landed: Mapping[str, int], rhythm: Rhythm, newest: str) -> int | None:
    """Rows to be expected in this partition, None when there is nothing to compare it with.

    newest: the greatest partition value of the batch. A flow's newest day is still running, so only the rows it
    replaces can be expected of it; a whole day is held against the same weekday a week before as well.
    """
    known = [rows_replaced(batch, landed, rhythm)]
    if rhythm == "flow" and batch.partition_value != newest:
        known.append(landed.get(str(date.fromisoformat(batch.partition_value) - timedelta(days=7))))
    return max((rows for rows in known if rows is not None), default=None)
