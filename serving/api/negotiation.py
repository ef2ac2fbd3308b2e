"""Which format an answer gets: by the parameter `format`, else by the header Accept; and whether it is compressed.

Belongs here: the formats and choosing among them. Does not: writing them (encoding).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from serving.api.problems import Problem


class Format(StrEnum):
    """What an answer can be written as."""

    JSON = "json"
    CSV = "csv"
    ARROW = "arrow"

    @property
    def media_type(self) -> str:
        """The media type in full."""
        return {
            Format.JSON: "application/json",
            Format.CSV: "text/csv; charset=utf-8; header=present",
            Format.ARROW: "application/vnd.apache.arrow.stream",
        }[self]


def negotiate(wanted: Format | None, accept: str | None, offered: Sequence[Format]) -> Format:
    """The format asked for by name, else the one Accept likes best; the first offered where it does not care.

    Raises Problem 406 when none of those offered is acceptable.
    """
    if wanted is not None:
        if wanted in offered:
            return wanted
    else:
        ranges = _ranges(accept or "*/*")
        # max takes the first of equals, so the order of the offer decides where the client does not.
        best = max(offered, key=lambda format_: _quality(format_, ranges))
        if _quality(best, ranges) > 0:
            return best
    names = ", ".join(format_.media_type.partition(";")[0] for format_ in offered)
    raise Problem(406, f"this can be given as {names}")


def accepts_gzip(accept_encoding: str | None) -> bool:
    """Whether the header Accept-Encoding lets an answer be compressed so."""
    codings = _ranges(accept_encoding or "identity")
    return codings.get("gzip", codings.get("*", 0)) > 0


def _ranges(accept: str) -> dict[str, float]:
    """Quality by media range or coding (RFC 9110, 12.4.2 and 12.5); one that is none counts as 0."""
    ranges = {}
    for part in accept.split(","):
        media_range, *parameters = (piece.strip().lower() for piece in part.split(";"))
        qualities = [parameter[2:] for parameter in parameters if parameter.startswith("q=")]
        ranges[media_range] = _weight(qualities[0]) if qualities else 1.0
    return ranges


def _weight(text: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        return 0.0
    # Neither infinity nor nan, which is not less than anything, and would win over formats that can be given.
    return weight if 0 <= weight <= 1 else 0.0


def _quality(format_: Format, ranges: dict[str, float]) -> float:
    media_type = format_.media_type.partition(";")[0]
    for media_range in (media_type, f"{media_type.partition('/')[0]}/*", "*/*"):
        if media_range in ranges:
            return ranges[media_range]
    return 0.0
