"""The project's own seeds, read as the oracle's inputs.

Belongs here: dbt_project/seeds as records. Does not: what they decide.
"""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

from tests.oracle.inputs import ChannelRule, Row, Seeds, Target

SEEDS = Path(__file__).resolve().parents[2] / "dbt_project" / "seeds"


def project_seeds() -> Seeds:
    return Seeds(
        channel_rules=tuple(
            ChannelRule(**(row | {"rule_order": int(row["rule_order"])})) for row in _read("channel_rules")
        ),
        channels=tuple({**row, "sort": int(row["sort"])} for row in _read("channels")),
        plans=tuple(
            {
                **row,
                "sort": int(row["sort"]),
                "list_price_eur": Decimal(row["list_price_eur"]) if row["list_price_eur"] else None,
            }
            for row in _read("plans")
        ),
        targets=tuple(Target(**(row | {"target": Decimal(row["target"])})) for row in _read("kpi_targets")),
    )


def _read(name: str) -> list[Row]:
    with (SEEDS / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
