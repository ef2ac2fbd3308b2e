"""Reading the ECB's reference rates: units of a currency for one euro, a column a currency.

Belongs here: the two layouts the ECB writes. Does not: which files are due (files), or filling days without a rate
(that is a meaning, so SQL).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from ingestion.cells import parse_date, parse_decimal, plain_text
from ingestion.delimited import DelimitedFile, Row
from ingestion.files import FileTable, FolderSource, Landed, Rejected
from ingestion.sources.rates.contract import (
    ECB,
    ECB_FRESHNESS,
    ECB_HEADER,
    FIRST_DAY,
    GREATEST_RATE,
    LAST_DAY,
    LEAST_RATE,
    SOURCE,
)

_NO_RATE = ("", "n/a")
_WORDED_DATE = re.compile(r"([0-9]{1,2}) ([a-z]+) ([0-9]{4})")
# The daily file spells months in English whatever the machine's locale, so strptime would be wrong here.
_MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)


def read_rates(file: DelimitedFile, row: Row) -> Iterator[Landed | Rejected]:
    """One result for each cell that holds something; a row without a readable date is one rejection."""
    rate_date = parse_rate_date(row.values["date"])
    if rate_date is None:
        yield Rejected("date is unreadable")
        return
    for column, cell in row.values.items():
        if column == "date" or cell.lower() in _NO_RATE:
            continue
        currency = column.upper()
        key = f"{rate_date} {currency}"
        rate = parse_decimal(cell, file.decimal_sign)
        if not FIRST_DAY <= rate_date <= LAST_DAY:
            yield Rejected("date is absurd", key)
        elif rate is None or rate <= 0:
            yield Rejected("rate is unreadable or 0", key)
        elif not LEAST_RATE <= rate <= GREATEST_RATE:
            yield Rejected("rate is absurd", key)
        else:
            yield Landed({"rate_date": rate_date, "currency": currency, "rate": plain_text(rate)})


def parse_rate_date(text: str) -> date | None:
    """`2026-11-20` (history) or `20 November 2026` (daily file)."""
    if match := _WORDED_DATE.fullmatch(text.lower()):
        day, month, year = match.groups()
        if month not in _MONTHS:
            return None
        text = f"{year}-{_MONTHS.index(month) + 1}-{day}"
    return parse_date(text)


class RatesSource(FolderSource):
    """A folder of `eurofxref*.csv` as the ECB publishes them (unzipped)."""

    name = SOURCE
    setting = "NETVEXA_RATES_DIR"
    kinds = (FileTable(ECB, "eurofxref", ECB_HEADER, read_rates, ECB_FRESHNESS),)
