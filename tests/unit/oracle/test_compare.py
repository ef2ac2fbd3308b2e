"""The comparison tells every difference and makes none up."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from tests.oracle.compare import differences

DAY = date(2026, 5, 1)


def day(**fields: object) -> dict[str, list[dict[str, object]]]:
    return {"mrr_daily": [{"date": DAY, "mrr_eur": Decimal("1.0000"), **fields}]}


def test_differences__equal_numbers_of_other_scale_are_equal() -> None:
    assert differences(day(arr_eur=Decimal(12)), day(arr_eur=Decimal("12.0000")), {}) == []


@pytest.mark.parametrize("other", [None, Decimal("12.0001"), 12.0, True])
def test_differences__a_cell_is_told_with_its_key(other: object) -> None:
    (found,) = differences(day(arr_eur=Decimal(12)), day(arr_eur=other), {})
    assert str(found).startswith("mrr_daily[date=2026-05-01].arr_eur: oracle 12, warehouse ")


def test_differences__a_missing_row_and_a_missing_column_are_told() -> None:
    assert [d.column for d in differences(day(), {"mrr_daily": []}, {})] == [None]
    assert [d.column for d in differences(day(arr_eur=1), day(), {})] == ["arr_eur"]


def test_differences__a_key_that_comes_twice_is_an_error() -> None:
    twice = {"mrr_daily": day()["mrr_daily"] * 2}
    with pytest.raises(ValueError, match="two rows of key"):
        differences(day(), twice, {})
