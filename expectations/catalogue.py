"""What the two gates check, as a list: cheap to import, complete before anything has run.

Belongs here: the order of the checks and the rules behind them. Does not belong here: measuring and judging (run).
A new raw table is an entry in raw_tables and its claims in batch_rules; a new mart is a contract beside
those of its domain (product_marts, finance_marts, acquisition_marts, core_marts).
"""

from __future__ import annotations

from expectations.batch_baseline import rules_of_every_table
from expectations.batch_rules import rules_of_tables
from expectations.mart_rules import MART_CONTRACTS
from expectations.raw_tables import RAW_TABLES
from expectations.report import Asset, CheckSpec
from expectations.rule import Rule

__all__ = ["CheckSpec", "batch_checks", "batch_rules_by_asset", "mart_checks"]


def batch_rules_by_asset() -> dict[Asset, tuple[Rule, ...]]:
    """Rules of gate 1 by raw table: those of every table first, then the table's own."""
    own = rules_of_tables()
    return {
        table.asset: (*rules_of_every_table(table), *(rule for rule in own if rule.spec.asset == table.asset))
        for table in RAW_TABLES
    }


def batch_checks() -> tuple[CheckSpec, ...]:
    """Every check of gate 1, in the order in which a report lists them."""
    return tuple(rule.spec for rules in batch_rules_by_asset().values() for rule in rules)


def mart_checks() -> tuple[CheckSpec, ...]:
    """Every check of gate 2, in the order in which a report lists them."""
    return tuple(rule.spec for mart in MART_CONTRACTS for rule in mart.rules)
