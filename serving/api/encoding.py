"""Rows as JSON, CSV and Arrow: the same rows, to the last digit.

Belongs here: how a value is written. Does not: which rows (tables), what surrounds them (answers). Decimals are text in
JSON and CSV, for a reader that makes a float of them has lost them; in Arrow they are decimals.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa


def json_rows(table: pa.Table) -> list[dict[str, Any]]:
    """The rows as JSON values by column name."""
    return [{name: json_value(value) for name, value in row.items()} for row in table.to_pylist()]


def json_value(value: object) -> Any:
    """Decimals as exact text, instants in UTC, dates as in ISO 8601; the other types as they are.

    Raises TypeError for a type that no mart has, floats among them.
    """
    match value:
        case None | bool() | int() | str():
            return value
        case Decimal():
            return format(value, "f")
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
    raise TypeError(f"a mart has a value of type {type(value).__name__}, which has no place in an answer")


def encode_json(document: Mapping[str, Any]) -> bytes:
    """The document as UTF-8."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def encode_csv(table: pa.Table) -> bytes:
    """RFC 4180 with a header. NULL is an empty field, an empty text is quoted. Booleans are `true` and `false`."""
    text = io.StringIO(newline="")
    csv.writer(text).writerow(table.column_names)
    for row in json_rows(table):
        text.write(",".join(map(_field, row.values())) + "\r\n")
    return text.getvalue().encode()


def _field(value: object) -> str:
    # The standard writer would give NULL and an empty text the same field.
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str() if value == "" or any(character in value for character in ',"\r\n'):
            return '"' + value.replace('"', '""') + '"'
    return str(value)


def encode_arrow(table: pa.Table, metadata: Mapping[str, str]) -> bytes:
    """An IPC stream; `metadata` goes into the schema."""
    table = table.replace_schema_metadata(dict(metadata))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    stream: bytes = sink.getvalue().to_pybytes()
    return stream
