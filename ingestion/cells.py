"""What the text of one cell says: days, numbers and counts, as spreadsheets and exports write them.

Belongs here: reading one cell, and refusing where two readings are possible. Does not: which cell is which (each
source), or from bytes to cells (delimited).
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

# No amount, rate or count is longer, however it is written; a cell of megabytes must not reach a number's parser.
LONGEST_NUMBER = 40
LARGEST_COUNT = 10**18

_MIDNIGHT = r"(?:[ T]00:00(?::00(?:\.0+)?)?)?"
_ISO_DATE = re.compile(r"([0-9]{4})[-/]([0-9]{1,2})[-/]([0-9]{1,2})" + _MIDNIGHT)
_GERMAN_DATE = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})" + _MIDNIGHT)

# Spreadsheets group thousands by a point, a comma, an apostrophe (Swiss) or a space: ordinary, no-break, narrow, thin.
_NUMBER = re.compile(
    r"(?P<whole>[0-9]+|[0-9]{1,3}(?P<group>[.,'’ \u00a0\u202f\u2009])[0-9]{3}(?:(?P=group)[0-9]{3})*)"
    r"(?:(?P<sign>[.,])(?P<fraction>[0-9]+))?"
)
_ONE_GROUP = re.compile(r"([+-]?[0-9]{1,3})[.,]([0-9]{3})")
_MINUS_SIGN = "\u2212"


def parse_date(text: str) -> date | None:
    """ISO dates (`2026-11-01`, `2026/11/1`) and German ones (`01.11.2026`), midnight behind them or not; else None.

    Dates with slashes and the year last are not guessed at: 03/04 is two days.
    """
    if match := _ISO_DATE.fullmatch(text):
        year, month, day = match.groups()
    elif match := _GERMAN_DATE.fullmatch(text):
        day, month, year = match.groups()
    else:
        return None
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def parse_decimal(text: str, decimal_sign: str | None) -> Decimal | None:
    """A number, thousands grouped or not, negative by a minus or an accountant's parentheses; None for all else.

    `decimal_sign` is the file's own (None: nobody knows). It is asked only where the text may be read two ways:
    `1.234` is one thousand where the comma is the decimal sign and 1.234 elsewhere, so unless the point is known to be
    the decimal sign it is None.
    """
    if len(text) > LONGEST_NUMBER:
        return None
    text = text.replace(_MINUS_SIGN, "-")
    if text.startswith("(") and text.endswith(")"):
        minus, body = "-", text[1:-1].strip()
    else:
        minus, body = ("-" if text.startswith("-") else ""), text.removeprefix("+" if text.startswith("+") else "-")
    match = _NUMBER.fullmatch(body.lstrip())
    if match is None:
        return None
    whole, group, sign, fraction = match["whole"], match["group"], match["sign"], match["fraction"]
    if sign is not None and group == sign:
        return None
    may_be_thousands = group is None and sign is not None and _ONE_GROUP.fullmatch(body) and not whole.startswith("0")
    if may_be_thousands and sign != decimal_sign:
        return None
    digits = whole.replace(group, "") if group is not None else whole
    return Decimal(f"{minus}{digits}.{fraction}" if fraction is not None else minus + digits)


def parse_count(text: str, decimal_sign: str | None) -> int | None:
    """A whole number of at most 18 digits; None for all else.

    It has no decimals, so one group of thousands by the sign that is not the file's decimal sign is no riddle.
    """
    number = parse_decimal(text, decimal_sign)
    if number is None and decimal_sign is not None and (match := _ONE_GROUP.fullmatch(text)):
        number = Decimal(match[1] + match[2])
    if number is None or number != number.to_integral_value() or abs(number) >= LARGEST_COUNT:
        return None
    return int(number)


def plain_text(number: Decimal) -> str:
    """The number as text without exponent, as it was written but for its grouping."""
    return f"{number:f}"
