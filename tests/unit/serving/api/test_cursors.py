"""Cursors: what is written is read back, and nothing else is read."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.api.cursors import MAX_LENGTH, Cursor, decode, encode

values = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)


@given(values, values, st.lists(st.none() | values, max_size=4))
def test_cursor__is_read_back_as_it_was_written(version: str, fingerprint: str, after: list[str | None]) -> None:
    cursor = Cursor(version, fingerprint, tuple(after))
    text = encode(cursor)
    assert decode(text) == cursor
    assert text == "".join(character for character in text if character.isalnum() or character in "-_")


def packed(document: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "!",
        "a",
        "é",
        "W",
        packed({}),
        packed([]),
        packed(["only a version"]),
        packed([1, "list"]),
        packed(["version", "list", 5]),
        packed(["version", "list", ["nested"]]),
        packed(["version", "list", "\ud800"]),
        packed("text"),
        base64.urlsafe_b64encode(b"[" * 1400).decode(),
        "A" * (MAX_LENGTH + 1),
    ],
)
def test_decode__of_anything_else_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="cursor"):
        decode(text)
