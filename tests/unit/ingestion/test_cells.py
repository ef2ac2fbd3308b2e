"""Claims about one cell: read as it was written, refused where it could be read two ways."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.cells import parse_count, parse_date, parse_decimal, plain_text


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-01",
        "2026/11/1",
        "01.11.2026",
        "1.11.2026",
        "2026-11-01 00:00:00",
        "2026-11-01T00:00",
        "01.11.2026 00:00",
    ],
)
def test_date__is_read_year_first_or_german(text: str) -> None:
    assert parse_date(text) == date(2026, 11, 1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "03/04/2026",
        "01.11.26",
        "2026-02-30",
        "2026-13-01",
        "2026-11-01 09:30",
        "46327",
        "#######",
        "0000-01-01",
        "٢٠٢٦-١١-٠١",
    ],
)
def test_date__is_not_guessed(text: str) -> None:
    assert parse_date(text) is None


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", "0"),
        ("007.50", "7.50"),
        ("1234.5", "1234.5"),
        ("+3", "3"),
        ("-3", "-3"),
        ("\u22123", "-3"),
        ("(3.10)", "-3.10"),
        ("(1,234.50)", "-1234.50"),
        ("1,234.50", "1234.50"),
        ("1.234,50", "1234.50"),
        ("1.234.567", "1234567"),
        ("1,234,567", "1234567"),
        ("1 234,50", "1234.50"),
        ("1\u00a0234,50", "1234.50"),
        ("1\u202f234\u202f567", "1234567"),
        ("1'234.50", "1234.50"),
        ("1’234’567.5", "1234567.5"),
        ("1234,567", "1234.567"),
        ("0,125", "0.125"),
        ("0.125", "0.125"),
        ("12,5", "12.5"),
    ],
)
@pytest.mark.parametrize("decimal_sign", [",", ".", None])
def test_number__that_can_be_read_one_way_only_is_read_so_in_every_file(
    text: str, number: str, decimal_sign: str | None
) -> None:
    read = parse_decimal(text, decimal_sign)
    assert read is not None
    assert plain_text(read) == number


@pytest.mark.parametrize("text", ["1.234", "-1.234", "(12.345)", "1,234", "999,999"])
def test_number__of_one_group_or_three_decimals_is_what_the_file_knows_to_be_decimals(text: str) -> None:
    sign = "." if "." in text else ","
    other = "," if sign == "." else "."
    assert parse_decimal(text, sign) is not None
    assert parse_decimal(text, other) is None
    assert parse_decimal(text, None) is None


@pytest.mark.parametrize(
    "text",
    [
        *("", "-", "()", ".", ",5", "5.", "NaN", "Infinity", "1e9", "1E+05", "12 EUR", "€12", "12%", "0x10", "1_000"),
        *(
            "1.2.3",
            "1,23,456.7",
            "1.234.56",
            "12.34.567",
            "1.234.5",
            "--3",
            "-(3)",
            "3-",
            "1 23",
            "#REF!",
            "٣",
            "9" * 41,
        ),
        "9" * 10_000_000,
    ],
)
@pytest.mark.parametrize("decimal_sign", [",", ".", None])
def test_number__is_not_guessed(text: str, decimal_sign: str | None) -> None:
    assert parse_decimal(text, decimal_sign) is None


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=4))
def test_number__written_by_a_spreadsheet_is_the_number_it_meant(number: Decimal) -> None:
    english = f"{number:,f}"
    german = english.translate(str.maketrans(",.", ".,"))
    assert parse_decimal(english, ".") == parse_decimal(german, ",") == number


@pytest.mark.parametrize(
    ("text", "decimal_sign", "count"),
    [
        ("0", ".", 0),
        ("1500000", None, 1_500_000),
        ("1.500.000", ",", 1_500_000),
        ("1,500,000", ".", 1_500_000),
        ("1,500", ".", 1_500),
        ("1.500", ",", 1_500),
        ("3.0", ".", 3),
        ("-3", ".", -3),
        ("999999999999999999", ".", 999_999_999_999_999_999),
    ],
)
def test_count__is_whole(text: str, decimal_sign: str | None, count: int) -> None:
    assert parse_count(text, decimal_sign) == count


@pytest.mark.parametrize("text", ["", "--", "1.5", "1,5", "1.500", "1000000000000000000", "many"])
def test_count__is_not_guessed(text: str) -> None:
    assert parse_count(text, None) is None
