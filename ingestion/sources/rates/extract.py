"""Reading the ECB's reference rates: units of a currency for one euro, a column a currency.

Belongs here: the two layouts the ECB writes. Does not: which files are due (files), or filling days without a rate
(that is a meaning, so SQL).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from ingestion.contract import RunContext, StagedBatch, TableContract
from ingestion.delimited import DelimitedFile, Row, parse_date
from ingestion.files import FileTable, Landed, Rejected, stage_folder
from ingestion.lake import Lake
from ingestion.sources.rates.contract import ECB, ECB_HEADER, SOURCE

_RATE = re.compile(r"\d{1,12}(\.\d{1,12})?")
_CURRENCY = re.compile(r"[a-z]{3}")
_NO_RATE = ("", "n/a")
_WORDED_DATE = re.compile(r"(\d{1,2}) ([a-z]+) (\d{4})")
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


class RatesSource:
    """A folder of `eurofxref*.csv` as the ECB publishes them (unzipped)."""

    name = SOURCE
    tables: tuple[TableContract, ...] = (ECB,)

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def stage(self, lake: Lake, run: RunContext) -> Iterator[StagedBatch]:
        table = FileTable(ECB, "eurofxref", ECB_HEADER, read_rates)
        yield stage_folder(lake, run, self._folder, "NETVEXA_RATES_DIR", (table,))


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
        if not _CURRENCY.fullmatch(column):
            yield Rejected("currency is unreadable", key=f"{rate_date} {currency[:16]}")
        elif not _RATE.fullmatch(cell) or not cell.strip("0."):
            yield Rejected("rate is unreadable or 0", key=f"{rate_date} {currency}")
        else:
            yield Landed({"rate_date": rate_date, "currency": currency, "rate": cell})


def parse_rate_date(text: str) -> date | None:
    """`2026-11-20` (history) or `20 November 2026` (daily file)."""
    if match := _WORDED_DATE.fullmatch(text.lower()):
        day, month, year = match.groups()
        if month not in _MONTHS:
            return None
        text = f"{year}-{_MONTHS.index(month) + 1}-{day}"
    return parse_date(text)
