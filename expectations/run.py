"""The two gates: batches before they replace anything, marts before anything is published.

Belongs here: the way from staged files or a warehouse to a report. Does not belong here: what is checked (catalogue),
Dagster. Nothing is written but the data docs; nothing is remembered between calls.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Sequence
from datetime import date
from pathlib import Path

from expectations.batch_baseline import bounded
from expectations.batch_profile import BatchScan
from expectations.catalogue import batch_rules_by_asset
from expectations.mart_profile import MartScan
from expectations.mart_rules import MART_CONTRACTS
from expectations.raw_tables import RAW_TABLES
from expectations.report import Asset, BatchFile, CheckResult, PartitionCount, Report
from expectations.thresholds import USUAL_LIMITS, BatchLimits
from expectations.validation import Verdict, validate

NOTHING_ARRIVED = "no batch arrived in this run"


def check_batches(
    batches: Sequence[BatchFile],
    previous: Sequence[PartitionCount],
    docs_dir: Path,
    limits: BatchLimits = USUAL_LIMITS,
    accepted_volume: Collection[Asset] = (),
) -> Report:
    """Gate 1: judge every staged partition of every raw table, before any of them lands.

    batches: staged partitions, in any order. previous: row counts of the partitions already in the lake. docs_dir:
    folder for this gate's data docs; it is made if it is missing, and its `index.html` is the entrance. limits: what
    stops a batch. accepted_volume: tables whose volume a person has seen and found right; there it warns only.
    Returns a result for every check of `batch_checks()`; tables without a batch pass, and say so.
    Raises ValueError for a table that the catalogue does not know, duckdb.Error for a file that is no Parquet.
    """
    import duckdb

    rules_by_asset = {asset: bounded(rules, limits, accepted_volume) for asset, rules in batch_rules_by_asset().items()}
    unknown = sorted({".".join(batch.asset) for batch in batches if batch.asset not in rules_by_asset})
    if unknown:
        raise ValueError(f"no checks are known for {', '.join(unknown)}: add the table to expectations/raw_tables.py")
    results: list[CheckResult] = []
    # Spilled rows go aside and away: the default is a folder in whatever the working directory is.
    with (
        tempfile.TemporaryDirectory(prefix="netvexa-gate-") as spill,
        duckdb.connect(config={"temp_directory": spill, "memory_limit": "512MB"}) as connection,
    ):
        connection.execute("set enable_progress_bar = false")
        scans = {
            table.asset: BatchScan(connection, table, [batch for batch in batches if batch.asset == table.asset])
            for table in RAW_TABLES
        }
        profiles = {
            asset: scan.profile(rules_by_asset[asset], previous) for asset, scan in scans.items() if scan.batches
        }
        verdicts = validate("gate_1_batches", list(profiles.values()), docs_dir)
        for asset, rules in rules_by_asset.items():
            profile, scan = profiles.get(asset), scans[asset]
            if profile is None:
                results += (
                    CheckResult(rule.spec, passed=True, observed=NOTHING_ARRIVED, was_judged=False) for rule in rules
                )
                continue
            for rule in rules:
                verdict = verdicts.get(rule.spec, Verdict(passed=True))
                examples = (
                    ()
                    if verdict.passed
                    else profile.notes.get(rule.spec.name) or scan.examples(rule, verdict.failing_subjects)
                )
                results.append(CheckResult(rule.spec, verdict.passed, profile.observed(rule), examples))
    return Report(tuple(results))


def check_marts(warehouse: Path, docs_dir: Path, as_of_date: date, expected: Collection[str] = ()) -> Report:
    """Gate 2: judge the marts in the warehouse file, before they are published.

    warehouse: a DuckDB file that nobody has open for writing. docs_dir: as in `check_batches`. as_of_date: last
    complete local day of the run. expected: names of marts without which nothing may be published.
    Returns a result for every check of `mart_checks()`. Raises duckdb.Error when the file cannot be opened.
    """
    import duckdb

    unknown = sorted(set(expected) - {mart.name for mart in MART_CONTRACTS})
    if unknown:
        raise ValueError(
            f"no checks are known for {', '.join(unknown)}: add a contract and list it in expectations/mart_rules.py"
        )
    results: list[CheckResult] = []
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        connection.execute("set enable_progress_bar = false")
        # A column of type `timestamptz` is compared with dates in the contracts: in UTC, wherever this machine stands.
        connection.execute("set timezone = 'UTC'")
        scans = [MartScan(connection, mart, as_of_date) for mart in MART_CONTRACTS]
        profiles = [scan.profile(expected) for scan in scans]
        verdicts = validate("gate_2_marts", profiles, docs_dir)
        for scan, profile in zip(scans, profiles, strict=True):
            for rule in profile.rules:
                verdict = verdicts.get(rule.spec, Verdict(passed=True))
                examples = () if verdict.passed else profile.notes.get(rule.spec.name) or scan.examples(rule)
                results.append(CheckResult(rule.spec, verdict.passed, profile.observed(rule), examples))
    return Report(tuple(results))
