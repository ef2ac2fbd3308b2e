"""Claims about recognising contact details: however they are written, and nothing that ordinary labels and ids hold."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pyarrow as pa
import pytest

from ingestion.personal import reads_as_contact, reads_as_phone_number
from ingestion.privacy import is_impersonal, is_plain_id, keep_labels, referrer_host, showable_key

EMAIL = "zoe.quill@wren.example"


@pytest.mark.parametrize(
    "text",
    [
        EMAIL,
        f"sale for {EMAIL.upper()}",
        quote(EMAIL, safe=""),
        quote(quote(EMAIL, safe=""), safe=""),
        "zoe.quill&#64;wren.example",
        r"zoe.quill\u0040wren.example",
        r"\\u0032\\u0030\\u0033.0.113.7",
        "zoe.quill\N{FULLWIDTH COMMERCIAL AT}wren.example",
        base64.b64encode(EMAIL.encode()).decode(),
        base64.b64encode(EMAIL.encode()).decode().rstrip("="),
        base64.b64encode(EMAIL.encode("utf-16")).decode(),
        EMAIL.encode().hex(),
        "203.0.113.7",
        "203%2E0%2E113%2E7",
        "\N{FULLWIDTH DIGIT TWO}03.0.113.7",
        "from 203.0.113.7:443",
        "2001:db8::7",
        "http://[2001:db8::7]/",
        "DE89 3704 0044 0532 0130 00",
        "de89 3704 0044 0532 0130 00",
        "DE89370400440532013000",
        "GB29-NWBK-6016-1331-9268-19",
        "+49 30 1234567",
        "+49 (30) 123 45 67",
    ],
)
def test_contact_details__are_recognised_however_they_are_written(text: str) -> None:
    assert reads_as_contact(text)
    assert not is_impersonal(text)


@pytest.mark.parametrize(
    "text",
    [
        "spring sale 2026-11-22",
        "cmp:ad:face",
        "10:30:00",
        "v1.2.3",
        "::",
        "google_ads_20261101-20261130",
        "550e8400-e29b-41d4-a716-446655440000",
        "sub_1MowQVLkdIwHu7ixeRlqHVzs",
        "GB29 NWBK 6016 1331 9268 18",
        "ab12cd34-ef56-4abc-9def-123456789abc",
        "00123456-0041-4123-8567-123456789012",
        "Agentur M\N{LATIN SMALL LETTER U WITH DIAERESIS}ller & Partner",
        "costs@2026",
    ],
)
def test_ordinary_texts__are_nobodys_contact_details(text: str) -> None:
    assert not reads_as_contact(text)


@pytest.mark.parametrize("text", ["030 123 45 67", "202-555-0143", "0049-30-123-4567", "0151/234/56789"])
def test_labels__digits_in_groups_are_a_phone_number(text: str) -> None:
    assert reads_as_phone_number(text)
    assert keep_labels_one(text) is None


@pytest.mark.parametrize("text", ["sale 2026-11-01 2026-11-30", "01.11.2026-30.11.2026", "2026/11/22", "a 100 200"])
def test_labels__dates_are_no_phone_numbers(text: str) -> None:
    assert not reads_as_phone_number(text)
    assert keep_labels_one(text) == text


@pytest.mark.parametrize("text", ["203.0.113.7", "DE89 3704 0044 0532 0130 00", "2001:db8::7", EMAIL.encode().hex()])
def test_labels__that_are_contact_details_do_not_land(text: str) -> None:
    assert keep_labels_one(text) is None


def test_ids__of_digits_alone_are_no_coded_text_unless_they_say_digits_again() -> None:
    # Text by chance: the first as base64, one in a hundred of the others as hexadecimal.
    for number in ("245624971684", *(str(10**17 + 7919 * step) for step in range(2000))):
        assert is_plain_id(number)


def test_referrer__whose_host_names_a_machine_does_not_leave() -> None:
    assert referrer_host("https://203.0.113.7.dynamic.isp.example/") is None
    assert referrer_host("DE89370400440532013000") is None


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("evt_1", "evt_1"),
        ("550e8400-e29b-41d4-a716-446655440000", "550e8400-e29b-41d4-a716-446655440000"),
        (EMAIL, None),
        ("please call me back", None),
        (EMAIL.encode().hex(), None),
        (b"please call me back".hex(), None),
        (b"0301234567".hex(), None),
        (b"DE89370400440532013000".hex(), None),
        (base64.b64encode(b"please call me back").decode().rstrip("="), None),
        ("de89370400440532013000", None),
        ("", None),
        (None, None),
    ],
)
def test_key_of_a_row_set_aside__is_shown_only_where_it_is_written_like_an_id(
    key: str | None, shown: str | None
) -> None:
    assert showable_key(key) == shown


def keep_labels_one(text: str) -> str | None:
    kept: list[str | None] = keep_labels(pa.array([text])).values.to_pylist()
    return kept[0]
