"""Which format an answer gets."""

from __future__ import annotations

import pytest

from serving.api.negotiation import Format, accepts_gzip, negotiate
from serving.api.problems import Problem

ALL = tuple(Format)
ARROW = "application/vnd.apache.arrow.stream"


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, Format.JSON),
        ("", Format.JSON),
        ("*/*", Format.JSON),
        ("application/*", Format.JSON),
        ("text/csv", Format.CSV),
        ("TEXT/CSV", Format.CSV),
        ("text/*", Format.CSV),
        (ARROW, Format.ARROW),
        (f"{ARROW};q=0.9, text/csv;q=0.8, */*;q=0.1", Format.ARROW),
        ("application/json;q=0.5, text/csv", Format.CSV),
        ("application/json;q=0, */*", Format.CSV),
        ("text/html, application/xhtml+xml, */*;q=0.8", Format.JSON),
        ("text/csv;q=nonsense, application/json;q=0.1", Format.JSON),
        ("application/json;q=nan, text/csv;q=0.5", Format.CSV),
        ("application/json;q=inf, text/csv;q=0.5", Format.CSV),
        ("text/html, *; q=.2, */*; q=.2", Format.JSON),
    ],
)
def test_accept__chooses_what_the_client_likes_best(accept: str | None, chosen: Format) -> None:
    assert negotiate(None, accept, ALL) is chosen


@pytest.mark.parametrize("accept", ["text/html", "application/json;q=0", "*/*;q=0", ";", "image/*"])
def test_accept__of_nothing_offered_is_406(accept: str) -> None:
    with pytest.raises(Problem, match="text/csv") as raised:
        negotiate(None, accept, ALL)
    assert raised.value.status == 406


def test_format__goes_before_accept() -> None:
    assert negotiate(Format.CSV, ARROW, ALL) is Format.CSV
    with pytest.raises(Problem):
        negotiate(Format.CSV, "application/json", (Format.JSON,))


@pytest.mark.parametrize(
    ("accept_encoding", "accepted"),
    [
        (None, False),
        ("", False),
        ("identity", False),
        ("br", False),
        ("gzip", True),
        ("deflate, GZIP;q=0.5", True),
        ("*", True),
        ("gzip;q=0", False),
        ("*, gzip;q=0", False),
        ("not-gzip", False),
    ],
)
def test_compression__is_for_who_accepts_it(accept_encoding: str | None, accepted: bool) -> None:
    assert accepts_gzip(accept_encoding) is accepted
