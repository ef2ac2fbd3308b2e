"""The metrics page: what is on it, what refuses to be rendered, and that it is the same every time."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from serving.headline import READING_ORDER
from serving.metrics_page import main, read_targets, render_metrics_page


def metric(label: str, **more: Any) -> dict[str, Any]:
    defined = {"name": None, "label": label, "unit": "eur", "formula": "a | b", "owner": "finance", "additive": False}
    return {**defined, "better": "up", **more}


def mart(description: str, key: list[str], **metrics: dict[str, Any] | None) -> dict[str, Any]:
    columns = {
        name: {"description": f"The {name}.", "data_type": "decimal(18,4)", "metric": defined}
        for name, defined in metrics.items()
    }
    return {"description": description, "key": key, "columns": columns}


DEFINITIONS: dict[str, Any] = {
    "models": {
        "mrr_daily": mart("One row\n  per day.", ["date"], date=None, **{name: metric(name) for name in READING_ORDER}),
        "kpi_daily": mart("One row per metric and day.", ["as_of_date", "metric"], as_of_date=None, metric=None),
        "weekly": mart("One row per week.", ["a", "b"], active=metric("Active", name="mrr_eur", additive=True)),
    }
}


def table_row(page: str, section: str, first_cell: str) -> list[str]:
    """Cells of the row of that section's table that begins with the cell."""
    after = page.split(f"## {section}\n", 1)[1].split("\n## ", 1)[0]
    row = next(line for line in after.splitlines() if line.startswith(f"| {first_cell} |"))
    return [cell.strip() for cell in row.replace("\\|", "¦").strip("|").split("|")]


def test_page__a_mart_shows_its_grain_its_key_and_its_metrics_in_the_order_of_the_yaml() -> None:
    page = render_metrics_page(DEFINITIONS, {})
    section = page.split("## mrr_daily\n", 1)[1]
    assert section.startswith("\nOne row per day.\n\nKey: `date`.\n\n| Column |")
    assert table_row(page, "mrr_daily", "`mrr_eur`") == ["`mrr_eur`", "mrr_eur", "eur", "a ¦ b", "no", "up", "finance"]
    assert [name for name in READING_ORDER if f"| `{name}` |" in section] == list(READING_ORDER)
    assert "Key: `a`, `b`." in page
    assert table_row(page, "weekly", "`active`")[4] == "yes"


def test_page__a_headline_metric_shows_its_target_and_every_mart_that_defines_it() -> None:
    page = render_metrics_page(DEFINITIONS, {"mrr_eur": ">= 100"})
    homes = "[mrr_daily](#mrr_daily), [weekly](#weekly)"
    assert table_row(page, "Headline metrics", "`mrr_eur`")[3:] == [">= 100", "up", "finance", homes]
    assert table_row(page, "Headline metrics", "`arr_eur`")[3] == ""


def test_page__marts_without_metrics_are_named_with_their_grain() -> None:
    plain = render_metrics_page(DEFINITIONS, {}).split("## Marts without metrics\n", 1)[1]
    assert plain == "\n- `kpi_daily`: One row per metric and day.\n"


def test_page__does_not_depend_on_the_order_in_which_marts_are_found() -> None:
    turned = {"models": dict(reversed(DEFINITIONS["models"].items()))}
    assert render_metrics_page(turned, {}) == render_metrics_page(DEFINITIONS, {})


def test_page__a_headline_metric_that_no_column_defines_is_named() -> None:
    definitions = copy.deepcopy(DEFINITIONS)
    definitions["models"]["mrr_daily"]["columns"]["quick_ratio"]["metric"] = None
    with pytest.raises(ValueError, match=r"no mart's column defines quick_ratio; write config\.meta\.metric"):
        render_metrics_page(definitions, {})


def test_page__a_target_for_no_headline_metric_is_named() -> None:
    with pytest.raises(ValueError, match="target for moon_phase, which kpi_daily does not hold"):
        render_metrics_page(DEFINITIONS, {"moon_phase": "> 1"})


def test_targets__are_written_as_the_seed_writes_them(tmp_path: Path) -> None:
    seed = tmp_path / "kpi_targets.csv"
    seed.write_text("metric,comparator,target\nttfv_median_hours,<,24\nactivation_ratio,>=,0.20\n", encoding="utf-8")
    assert read_targets(seed) == {"ttfv_median_hours": "< 24", "activation_ratio": ">= 0.20"}


def test_command__writes_nothing_when_a_definition_is_missing(tmp_path: Path) -> None:
    manifest, seed, page = tmp_path / "manifest.json", tmp_path / "kpi_targets.csv", tmp_path / "metrics.md"
    manifest.write_text(json.dumps({"nodes": {}}), encoding="utf-8")
    seed.write_text("metric,comparator,target\n", encoding="utf-8")
    with pytest.raises(ValueError, match="no mart's column defines mrr_eur, arr_eur"):
        main([str(manifest), str(seed), str(page)])
    assert not page.exists()
