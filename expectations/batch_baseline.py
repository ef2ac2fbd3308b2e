"""Gate 1: what must hold of every batch of every table alike.

Belongs here: the claims about columns, counts, volume and personal data that are the same for all raw tables, and
the measuring of counts. Does not belong here: claims about one table's values (batch_rules), scanning (batch_profile).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from expectations.raw_tables import RawTable
from expectations.report import Asset, BatchFile, CheckSpec
from expectations.rule import RowRule, Rule
from expectations.thresholds import (
    QUARANTINE_MIN_ROWS,
    QUARANTINE_WARN_SHARE,
    USUAL_LIMITS,
    VOLUME_MIN_ROWS,
    BatchLimits,
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
                f"Of {QUARANTINE_MIN_ROWS} rows or more no larger share is quarantined than the settings allow.",
            ),
            maximum=USUAL_LIMITS.quarantine_max_share,
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
                "block",
                "No fewer rows than half (or what the settings say) of those replaced, of the whole list before, or of "
                "the median of the same weekday in the weeks before.",
            ),
            minimum=USUAL_LIMITS.volume_min_ratio,
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


def bounded(rules: Sequence[Rule], limits: BatchLimits, accepted: Collection[Asset]) -> tuple[Rule, ...]:
    """The rules with a company's own limits; volume only warns for the tables whose volume a person has accepted."""
    return tuple(_bounded(rule, limits, rule.spec.asset in accepted) for rule in rules)


def _bounded(rule: Rule, limits: BatchLimits, is_accepted: bool) -> Rule:
    if rule.spec.name == QUARANTINE_BEARABLE:
        return replace(rule, maximum=limits.quarantine_max_share)
    spec = replace(rule.spec, severity="warn") if is_accepted else rule.spec
    if rule.spec.name == VOLUME_HOLDS:
        return replace(rule, spec=spec, minimum=limits.volume_min_ratio)
    return replace(rule, spec=spec) if rule.spec.name == SOURCE_SPEAKS else rule


def measure_partition(batch: BatchFile, rows_in_file: int, before: float | None) -> dict[str, float | None]:
    """Judge the counts of one partition; None where there is nothing to judge.

    rows_in_file: counted in the staged file. before: rows to be expected (see batch_volume), None when unknown.
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

    before: rows of the partitions that are replaced, or of the whole list before.
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
