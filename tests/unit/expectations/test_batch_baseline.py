"""The rules of gate 1 that every raw table shares: columns, counts, quarantine, volume."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest

from expectations.batch_baseline import bounded, rules_of_every_table
from expectations.profile import Profile
from expectations.raw_tables import RAW_TABLES
from expectations.report import BatchFile, PartitionCount
from expectations.thresholds import BatchLimits

Stage = Callable[..., BatchFile]
ProfileOf = Callable[..., Profile]
EVENTS, ACCOUNTS, COSTS = ("raw_app", "events"), ("raw_app", "accounts"), ("raw_spend", "costs")
AGENTS, INVOICES = ("raw_app", "agents"), ("raw_stripe", "invoices")


def verdicts(profile: Profile, name: str) -> list[bool | None]:
    """Whether the rule holds, per subject; None where there is nothing to judge."""
    rule = next(rule for rule in profile.rules if rule.spec.name == name)
    return [
        None
        if value is None
        else (rule.minimum is None or value >= rule.minimum) and (rule.maximum is None or value <= rule.maximum)
        for value in profile.measures[name]
    ]


def counted(batch: BatchFile, landed: int, quarantined: int = 0) -> BatchFile:
    """The same file with other counts: volume is judged by the counts, whatever the file holds."""
    return replace(batch, landed_rows=landed, quarantined_rows=quarantined, source_rows=landed + quarantined)


def columns_of(asset: tuple[str, str]) -> dict[str, str]:
    return dict(next(table for table in RAW_TABLES if table.asset == asset).columns)


def test_columns__missing_unknown_and_retyped_columns_are_named_and_nothing_else_is_judged(
    stage: Stage, profile_of: ProfileOf
) -> None:
    columns = columns_of(AGENTS)
    del columns["account_id"]
    columns |= {"email": "VARCHAR", "deleted_at": "TIMESTAMP"}
    profile = profile_of([stage(AGENTS, {}, columns=columns), stage(AGENTS, {}, value="2026-11-21")])
    assert profile.measures["columns_match_the_contract"] == (3, 0, None)
    assert profile.notes["columns_match_the_contract"] == (
        "received_date=2026-11-20: column account_id is missing",
        "received_date=2026-11-20: column email is unknown",
        "received_date=2026-11-20: column deleted_at is TIMESTAMP, not TIMESTAMP WITH TIME ZONE",
    )
    assert [rule.spec.name for rule in profile.measured_rules] == ["columns_match_the_contract"]
    assert profile.observed(profile.rules[1]) == "not judged: the columns differ from the contract"


@pytest.mark.parametrize(
    ("source_rows", "quarantined_rows", "holds"),
    [(2, 0, True), (3, 1, True), (3, 0, False), (2, 1, False)],
)
def test_rows__source_rows_are_landed_plus_quarantined(
    stage: Stage, profile_of: ProfileOf, source_rows: int, quarantined_rows: int, holds: bool
) -> None:
    batch = stage(COSTS, {}, {"row_number": 2}, source_rows=source_rows, quarantined_rows=quarantined_rows)
    assert verdicts(profile_of([batch]), "rows_are_accounted_for")[0] is holds


def test_rows__a_file_with_fewer_rows_than_it_claims_is_found(stage: Stage, profile_of: ProfileOf) -> None:
    batch = counted(stage(COSTS, {}), landed=2)
    assert verdicts(profile_of([batch]), "rows_are_accounted_for")[0] is False


@pytest.mark.parametrize(("quarantined", "holds"), [(1, True), (2, False)])
def test_quarantine__more_than_one_percent_of_the_batch_warns(
    stage: Stage, profile_of: ProfileOf, quarantined: int, holds: bool
) -> None:
    batches = [
        counted(stage(COSTS, value="a.csv"), landed=60, quarantined=quarantined),
        counted(stage(COSTS, value="b.csv"), landed=100 - 60 - quarantined),
    ]
    assert verdicts(profile_of(batches), "quarantine_is_small") == [None, None, holds]


@pytest.mark.parametrize(
    ("landed", "quarantined", "partition_holds"),
    [(40, 10, True), (39, 11, False), (38, 11, None)],
)
def test_quarantine__more_than_a_fifth_of_fifty_rows_blocks(
    stage: Stage, profile_of: ProfileOf, landed: int, quarantined: int, partition_holds: bool | None
) -> None:
    profile = profile_of([counted(stage(COSTS), landed, quarantined)])
    assert verdicts(profile, "quarantine_is_bearable") == [partition_holds, partition_holds]


def test_quarantine__many_small_days_block_together(stage: Stage, profile_of: ProfileOf) -> None:
    days = [counted(stage(EVENTS, value=f"2026-11-{day}"), landed=0, quarantined=30) for day in (18, 19)]
    assert verdicts(profile_of(days), "quarantine_is_bearable") == [None, None, False]


def events_of_weeks(*rows: int) -> list[PartitionCount]:
    """Whole days in the lake: the 20th of November a week before, two weeks before, and so on."""
    return [
        PartitionCount("app", "events", str(date(2026, 11, 20) - timedelta(weeks=week)), landed)
        for week, landed in enumerate(rows, start=1)
    ]


@pytest.mark.parametrize(("landed", "holds"), [(50, True), (49, False)])
def test_volume__a_day_read_again_must_keep_half_its_rows(
    stage: Stage, profile_of: ProfileOf, landed: int, holds: bool
) -> None:
    previous = [PartitionCount("app", "events", "2026-11-20", 100)]
    profile = profile_of([counted(stage(EVENTS, value="2026-11-20"), landed)], previous)
    assert verdicts(profile, "volume_is_not_halved") == [holds, None]


def test_volume__a_restated_file_may_take_rows_back(stage: Stage, profile_of: ProfileOf) -> None:
    previous = [PartitionCount("spend", "costs", "a.csv", 1000)]
    profile = profile_of([counted(stage(COSTS, value="a.csv"), 51)], previous)
    assert verdicts(profile, "volume_is_not_halved") == [None, None]


def test_volume__a_first_load_has_nothing_to_compare_with(stage: Stage, profile_of: ProfileOf) -> None:
    assert verdicts(profile_of([counted(stage(EVENTS), 60)]), "volume_is_not_halved") == [None, None]


def test_volume__a_whole_list_is_held_against_the_newest_whole_one_before(stage: Stage, profile_of: ProfileOf) -> None:
    previous = [
        PartitionCount("stripe", "invoices", "2026-11-12", 1000),
        PartitionCount("stripe", "invoices", "2026-11-13", 200),
        PartitionCount("stripe", "invoices", "2026-11-19", 7, is_whole=False),
        PartitionCount("stripe", "charges", "2026-11-19", 9000),
    ]
    for landed, holds in ((100, True), (99, False)):
        profile = profile_of([counted(stage(INVOICES), landed)], previous)
        assert verdicts(profile, "volume_is_not_halved")[0] is holds


def test_volume__the_changes_of_a_list_are_held_against_nothing(stage: Stage, profile_of: ProfileOf) -> None:
    previous = [PartitionCount("stripe", "invoices", "2026-11-19", 200)]
    profile = profile_of([replace(stage(INVOICES), is_whole=False)], previous)
    assert verdicts(profile, "volume_is_not_halved") == [None, None]
    assert verdicts(profile, "source_did_not_fall_silent") == [None, True]


@pytest.mark.parametrize(("landed", "holds"), [(150, True), (149, False)])
def test_volume__a_day_that_is_over_is_held_against_the_median_of_its_weekday(
    stage: Stage, profile_of: ProfileOf, landed: int, holds: bool
) -> None:
    # A load test three weeks ago and a holiday two weeks ago move the median by little.
    previous = events_of_weeks(300, 0, 9000, 300, 100_000)
    profile = profile_of([counted(stage(EVENTS, value="2026-11-20"), landed)], previous)
    assert verdicts(profile, "volume_is_not_halved") == [holds, None]


def test_volume__a_day_that_landed_while_it_ran_is_judged_when_it_is_over(stage: Stage, profile_of: ProfileOf) -> None:
    previous = [*events_of_weeks(600, 600, 600), PartitionCount("app", "events", "2026-11-20", 9, is_whole=False)]
    profile = profile_of([counted(stage(EVENTS, value="2026-11-20"), 299)], previous)
    assert verdicts(profile, "volume_is_not_halved") == [False, None]


def test_volume__a_low_day_that_landed_whole_is_not_judged_again_by_its_weekday(
    stage: Stage, profile_of: ProfileOf
) -> None:
    previous = [*events_of_weeks(600, 600, 600), PartitionCount("app", "events", "2026-11-20", 60)]
    profile = profile_of([counted(stage(EVENTS, value="2026-11-20"), 60)], previous)
    assert verdicts(profile, "volume_is_not_halved") == [True, None]


@pytest.mark.parametrize(("landed", "holds"), [(75, True), (74, False)])
def test_volume__the_day_after_a_low_one_is_held_against_the_level_that_was_accepted(
    stage: Stage, profile_of: ProfileOf, landed: int, holds: bool
) -> None:
    # The 19th had a quarter of its usual rows, and landed: somebody has looked.
    days_before = [PartitionCount("app", "events", f"2026-11-{day:02}", 400) for day in (12, 5)]
    days_before += [
        PartitionCount("app", "events", "2026-10-29", 400),
        PartitionCount("app", "events", "2026-11-19", 100),
    ]
    profile = profile_of(
        [counted(stage(EVENTS, value="2026-11-20"), landed)], [*events_of_weeks(600, 600, 600), *days_before]
    )
    assert verdicts(profile, "volume_is_not_halved") == [holds, None]


def test_volume__a_day_without_a_row_is_no_level(stage: Stage, profile_of: ProfileOf) -> None:
    days_before = [PartitionCount("app", "events", day, 400) for day in ("2026-11-12", "2026-11-05", "2026-10-29")]
    previous = [*events_of_weeks(600, 600, 600), *days_before, PartitionCount("app", "events", "2026-11-19", 0)]
    profile = profile_of([counted(stage(EVENTS, value="2026-11-20"), 0)], previous)
    assert verdicts(profile, "volume_is_not_halved") == [False, None]


@pytest.mark.parametrize("difference", [{"is_whole": False}, {"is_history": True}])
def test_volume__neither_a_running_day_nor_history_is_held_against_its_weekday(
    stage: Stage, profile_of: ProfileOf, difference: dict[str, bool]
) -> None:
    batch = replace(counted(stage(EVENTS, value="2026-11-20"), 9), **difference)
    assert verdicts(profile_of([batch], events_of_weeks(600, 600, 600)), "volume_is_not_halved") == [None, None]


def test_volume__two_weeks_are_too_few_for_a_median(stage: Stage, profile_of: ProfileOf) -> None:
    running = PartitionCount("app", "events", str(date(2026, 10, 30)), 600, is_whole=False)
    profile = profile_of([counted(stage(EVENTS, value="2026-11-20"), 9)], [*events_of_weeks(600, 600), running])
    assert verdicts(profile, "volume_is_not_halved") == [None, None]


def test_volume__few_rows_prove_nothing(stage: Stage, profile_of: ProfileOf) -> None:
    previous = [PartitionCount("app", "events", "2026-11-20", 49)]
    assert verdicts(profile_of([stage(EVENTS, {}, value="2026-11-20")], previous), "volume_is_not_halved")[0] is None


def test_bounded__limits_are_the_companys_and_acceptance_is_a_tables() -> None:
    tables = {table.asset: table for table in RAW_TABLES}
    limits = BatchLimits(quarantine_max_share=0.05, volume_min_ratio=0.8)
    for asset, severity in ((EVENTS, "warn"), (ACCOUNTS, "block")):
        rules = {rule.spec.name: rule for rule in bounded(rules_of_every_table(tables[asset]), limits, {EVENTS})}
        assert rules["volume_is_not_halved"].minimum == 0.8
        assert rules["quarantine_is_bearable"].maximum == 0.05
        assert rules["volume_is_not_halved"].spec.severity == severity
        assert rules["source_did_not_fall_silent"].spec.severity == severity
        assert rules["quarantine_is_bearable"].spec.severity == "block"


def test_silence__an_empty_source_that_had_rows_before_blocks(stage: Stage, profile_of: ProfileOf) -> None:
    previous = [PartitionCount("app", "accounts", "2026-11-19", 3)]
    profile = profile_of([stage(ACCOUNTS)], previous)
    assert profile.measures["source_did_not_fall_silent"] == (None, 3)
    assert verdicts(profile, "source_did_not_fall_silent")[-1] is False


def test_silence__one_silent_day_among_others_is_no_silent_source(stage: Stage, profile_of: ProfileOf) -> None:
    previous = [PartitionCount("app", "events", "2026-11-19", 3), PartitionCount("app", "events", "2026-11-20", 3)]
    days = [counted(stage(EVENTS, value="2026-11-19"), 0), counted(stage(EVENTS, value="2026-11-20"), 1)]
    assert verdicts(profile_of(days, previous), "source_did_not_fall_silent")[-1] is True


def test_silence__a_first_load_without_rows_is_no_silence(stage: Stage, profile_of: ProfileOf) -> None:
    assert verdicts(profile_of([stage(ACCOUNTS)]), "source_did_not_fall_silent")[-1] is True
