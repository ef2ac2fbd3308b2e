"""Claims about the ECB's files: long, exact, without what is no rate."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingestion.contract import StagedBatch
from ingestion.lake import Lake
from ingestion.landing import commit
from ingestion.retry import PermanentSourceError
from ingestion.sources.rates.extract import RatesSource
from tests.unit.ingestion.lake_cases import landed_rows, make_run, quarantined_rows


def _land(lake: Lake, folder: Path) -> StagedBatch:
    (staged,) = RatesSource(folder).stage(lake, make_run())
    commit(lake, staged)
    return staged


def _rates(lake: Lake, folder: Path, text: str) -> Iterator[tuple[str, str, str]]:
    (folder / "eurofxref-hist.csv").write_text(text)
    _land(lake, folder)
    for row in landed_rows(lake, "rates", "ecb"):
        yield str(row["rate_date"]), row["currency"], row["rate"]


def test_rates__history_lands_long_without_empty_cells(lake: Lake, folder: Path) -> None:
    text = "Date,USD,JPY,CYP,\n2026-11-20,1.0850,164.20,N/A,\n2026-11-19,1.0810,,0.58,\n"
    assert list(_rates(lake, folder, text)) == [
        ("2026-11-20", "USD", "1.0850"),
        ("2026-11-20", "JPY", "164.20"),
        ("2026-11-19", "USD", "1.0810"),
        ("2026-11-19", "CYP", "0.58"),
    ]


def test_rates__the_daily_file_spells_its_date(lake: Lake, folder: Path) -> None:
    text = "Date, USD, JPY, \n20 November 2026, 1.0850, 164.20, \n"
    assert list(_rates(lake, folder, text)) == [("2026-11-20", "USD", "1.0850"), ("2026-11-20", "JPY", "164.20")]


def test_rates__unreadable_cells_are_set_aside_and_the_row_lands(lake: Lake, folder: Path) -> None:
    text = "Date,USD,JPY,GBP,\n2026-11-20,0,164.20,-1,\nnever,1,1,1,\n"
    assert list(_rates(lake, folder, text)) == [("2026-11-20", "JPY", "164.20")]
    assert [(row["key"], row["reason"]) for row in quarantined_rows(lake, "rates", "ecb")] == [
        ("2026-11-20 USD", "rate is unreadable or 0"),
        ("2026-11-20 GBP", "rate is unreadable or 0"),
        (None, "date is unreadable"),
    ]


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("0", "rate is unreadable or 0"),
        ("0.0000", "rate is unreadable or 0"),
        ("1,085", "rate is unreadable or 0"),
        ("x", "rate is unreadable or 0"),
        ("-", "rate is unreadable or 0"),
        ("100000000.1", "rate is absurd"),
        ("0.00001", "rate is absurd"),
    ],
)
def test_rates__one_that_cannot_be_is_set_aside_by_day_and_currency(
    lake: Lake, folder: Path, cell: str, reason: str
) -> None:
    assert list(_rates(lake, folder, f'Date,USD,TRL,\n2026-11-20,"{cell}",1850000,\n')) == [
        ("2026-11-20", "TRL", "1850000")
    ]
    assert quarantined_rows(lake, "rates", "ecb") == [
        {"key": "2026-11-20 USD", "reason": reason, "origin": "eurofxref-hist.csv:2"}
    ]


@pytest.mark.parametrize("day", ["1998-12-31", "2206-11-20"])
def test_rates__of_a_day_that_cannot_be_are_set_aside(lake: Lake, folder: Path, day: str) -> None:
    assert list(_rates(lake, folder, f"Date,USD\n{day},1.1\n1999-01-04,1.2\n")) == [("1999-01-04", "USD", "1.2")]
    assert [row["reason"] for row in quarantined_rows(lake, "rates", "ecb")] == ["date is absurd"]


def test_rates__a_day_that_stands_twice_lands_once(lake: Lake, folder: Path) -> None:
    text = "Date,USD,JPY\n2026-11-20,1.1,160\n2026-11-19,1.2,161\n2026-11-20,1.3,N/A\n"
    assert list(_rates(lake, folder, text)) == [
        ("2026-11-20", "USD", "1.1"),
        ("2026-11-20", "JPY", "160"),
        ("2026-11-19", "USD", "1.2"),
        ("2026-11-19", "JPY", "161"),
    ]
    assert [(row["key"], row["reason"]) for row in quarantined_rows(lake, "rates", "ecb")] == [
        ("2026-11-20 USD", "key stands in the file twice")
    ]


def test_rates__saved_again_by_a_german_spreadsheet_are_the_same(lake: Lake, folder: Path) -> None:
    assert list(_rates(lake, folder, "Date;USD;HUF;\n20.11.2026;1,0850;395,255;\n")) == [
        ("2026-11-20", "USD", "1.0850"),
        ("2026-11-20", "HUF", "395.255"),
    ]


def test_rates__gaps_and_unknown_currencies_land_as_they_are(lake: Lake, folder: Path) -> None:
    text = "Date,USD,XYZ\n2026-11-20,1.1,9\n\n2026-10-01,1.2,N/A\n"
    assert [row[:2] for row in _rates(lake, folder, text)] == [
        ("2026-11-20", "USD"),
        ("2026-11-20", "XYZ"),
        ("2026-10-01", "USD"),
    ]


def test_rates__a_column_that_is_no_currency_is_told_and_not_read(lake: Lake, folder: Path) -> None:
    (folder / "eurofxref.csv").write_text("Date,USD,Remark\n2026-11-20,1.1,closed early\n")
    staged = _land(lake, folder)
    assert staged.warnings == ("rates.ecb: column remark (eurofxref.csv) is on no list and does not land",)
    assert [partition.source_rows for partition in staged.partitions] == [1]


def test_rates__cut_off_row_is_set_aside_whole(lake: Lake, folder: Path) -> None:
    assert list(_rates(lake, folder, "Date,USD,JPY\n2026-11-20,1.1,160\n2026-11-19,1.0")) == [
        ("2026-11-20", "USD", "1.1"),
        ("2026-11-20", "JPY", "160"),
    ]
    assert [row["key"] for row in quarantined_rows(lake, "rates", "ecb")] == [None]


def test_rates__zipped_as_the_bank_offers_them_are_asked_for_unpacked(lake: Lake, folder: Path) -> None:
    (folder / "eurofxref-hist.zip").write_bytes(b"PK\x03\x04")
    with pytest.raises(PermanentSourceError, match=r"eurofxref-hist\.zip is no CSV file.*unpack"):
        _land(lake, folder)
