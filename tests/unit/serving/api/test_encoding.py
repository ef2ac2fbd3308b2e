"""Values and rows as JSON, CSV and Arrow."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from serving.api.encoding import encode_arrow, encode_csv, encode_json, json_rows, json_value

TABLE = pa.table(
    {
        "day": pa.array([date(2026, 11, 21), None]),
        "at": pa.array([datetime(2026, 11, 21, 9, 30, 0, 5, UTC), None], pa.timestamp("us", "UTC")),
        "eur": pa.array([Decimal("99999999999999.0001"), None], pa.decimal128(18, 4)),
        "count": pa.array([2**53 + 1, None], pa.int64()),
        "is_late": pa.array([False, None]),
        "label": pa.array(['Müller, "Söhne"\r\n', ""]),
    }
)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, None),
        (True, True),
        (0, 0),
        ("", ""),
        (Decimal("0.0000"), "0.0000"),
        (Decimal("-0.000001"), "-0.000001"),
        (Decimal("0E-10"), "0.0000000000"),
        (Decimal("1E+3"), "1000"),
        (date(2026, 1, 2), "2026-01-02"),
        (datetime(2026, 1, 2, 1, 30, tzinfo=timezone(timedelta(hours=1))), "2026-01-02T00:30:00Z"),
    ],
)
def test_json_value__is_exact(value: object, written: Any) -> None:
    assert json_value(value) == written
    assert type(json_value(value)) is type(written)


def test_json_value__of_a_float_is_refused() -> None:
    with pytest.raises(TypeError, match="float"):
        json_value(0.1)


def test_json_rows__keep_the_order_of_columns_and_every_digit() -> None:
    first, second = json_rows(TABLE)
    assert list(first) == TABLE.column_names
    assert (first["eur"], first["count"]) == ("99999999999999.0001", 9007199254740993)
    assert second == {"day": None, "at": None, "eur": None, "count": None, "is_late": None, "label": ""}


def test_encode_json__is_utf_8_without_escapes() -> None:
    assert encode_json({"name": "Müller"}) == '{"name":"Müller"}'.encode()


def test_encode_csv__quotes_what_needs_it_and_tells_null_from_an_empty_text() -> None:
    assert encode_csv(TABLE).decode() == (
        "day,at,eur,count,is_late,label\r\n"
        "2026-11-21,2026-11-21T09:30:00.000005Z,99999999999999.0001,9007199254740993,false,"
        '"Müller, ""Söhne""\r\n"\r\n'
        ',,,,,""\r\n'
    )


def test_encode_arrow__keeps_types_and_says_its_metadata() -> None:
    stream = pa.ipc.open_stream(encode_arrow(TABLE, {"version": "20261122T020004Z"})).read_all()
    assert stream.equals(TABLE)
    assert stream.schema.metadata == {b"version": b"20261122T020004Z"}


def test_encodings__of_no_rows_keep_the_columns() -> None:
    assert encode_csv(TABLE.slice(0, 0)) == b"day,at,eur,count,is_late,label\r\n"
    assert pa.ipc.open_stream(encode_arrow(TABLE.slice(0, 0), {})).read_all().column_names == TABLE.column_names
