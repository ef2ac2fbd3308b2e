"""How numbers and progress look."""

from __future__ import annotations

import io
from decimal import Decimal

import pytest
from rich.console import Console

from orchestration.commands.terminal import formatted, headline_table, terminal_progress
from serving.headline import HeadlineRow


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (Decimal("24500"), "eur", "24,500.00\u202f€"),
        (Decimal("0.1985"), "ratio", "19.9\u202f%"),
        (Decimal("1.1825"), "multiple", "1.2\u202f×"),
        (Decimal("129.000000"), "count", "129"),
        (Decimal("59.1333"), "count", "59.1"),
        (Decimal("6.55"), "hours", "6.6 hours"),
        (Decimal("-0.05"), "score", "-0.1"),
        (None, "eur", "–"),
    ],
)
def test_formatted__writes_numbers_as_people_do(value: Decimal | None, unit: str, expected: str) -> None:
    assert formatted(value, unit) == expected


def rendered(rows: list[HeadlineRow]) -> str:
    console = Console(file=io.StringIO(), width=120)
    console.print(headline_table(rows, "NETVEXA on 2026-11-21"))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_headline_table__shows_value_target_and_change() -> None:
    row = HeadlineRow(
        metric="activation_ratio",
        label="Activation rate",
        value=Decimal("0.159"),
        unit="ratio",
        target=Decimal("0.2"),
        comparator=">=",
        is_on_target=False,
        previous_value=Decimal("0.217"),
        change_ratio=Decimal("-0.2672"),
    )
    text = rendered([row])
    for part in ("Activation rate", "15.9", ">= 20.0", "✗", "21.7", "-26.7"):
        assert part in text


def test_headline_table__says_a_multiple_as_times() -> None:
    value, target = Decimal("1.16"), Decimal("3.2")
    text = rendered([HeadlineRow("quick_ratio", "Quick ratio", value, "multiple", target, ">=", False, None, None)])
    assert "1.2\u202f×" in text
    assert ">= 3.2\u202f×" in text


def test_headline_table__leaves_unknown_numbers_open() -> None:
    row = HeadlineRow("ltv_eur", "LTV", None, "eur", None, None, None, None, None)
    assert "–" in rendered([row])


def test_progress__without_a_terminal_is_plain_lines() -> None:
    output = io.StringIO()
    with terminal_progress(Console(file=output, width=40)) as progress:
        progress.phase("Sources")
        progress.doing("reading app")
        progress.done("raw_app.events: 12 rows [deleted_at] and a line longer than forty characters")
        progress.warn("a file vanished")
    lines = output.getvalue().splitlines()
    assert lines[:3] == [
        "Sources",
        "  raw_app.events: 12 rows [deleted_at] and a line longer than forty characters",
        "  warning: a file vanished",
    ]
    assert lines[3].endswith(" s")
    assert "\x1b" not in output.getvalue()
