"""Claims about folders of files: read once each, in the formats people really write, nothing counted twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ingestion.contract import StagedBatch
from ingestion.lake import Lake
from ingestion.landing import commit, read_manifests
from ingestion.retry import PermanentSourceError
from ingestion.sources.rates.extract import RatesSource
from ingestion.sources.spend.extract import SpendSource
from tests.unit.ingestion.lake_cases import landed_rows, make_run, quarantined_rows

COSTS = "date,channel,vendor,description,amount,currency\n"
ADS = (
    "segments.date,customer.id,customer.currency_code,campaign.id,campaign.name,metrics.cost_micros,"
    "metrics.clicks,metrics.impressions,metrics.conversions\n"
)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


def _land(lake: Lake, folder: Path) -> StagedBatch:
    (staged,) = SpendSource(folder).stage(lake, make_run())
    commit(lake, staged)
    return staged


def _costs(lake: Lake) -> list[dict[str, Any]]:
    return landed_rows(lake, "spend", "costs")


def _amounts(lake: Lake) -> list[str]:
    return sorted(row["amount"] for row in _costs(lake))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_costs__every_encoding_and_separator_gives_the_same_rows(
    lake: Lake, folder: Path, encoding: str, separator: str
) -> None:
    text = (COSTS + "2026-11-01,seo,Agentur Müller,Über uns,120.50,eur\n").replace(",", separator)
    (folder / "costs_1.csv").write_text(text, encoding=encoding)
    _land(lake, folder)
    row = _costs(lake)[0]
    assert (row["vendor"], row["amount"], row["currency"]) == ("Agentur Müller", "120.50", "EUR")
    assert (str(row["cost_date"]), row["source_file"], row["row_number"]) == ("2026-11-01", "costs_1.csv", 2)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("x,seo,v,d,1,EUR", "date is unreadable"),
        (",seo,v,d,1,EUR", "date is unreadable"),
        ("2026-02-30,seo,v,d,1,EUR", "date is unreadable"),
        ("03/04/2026,seo,v,d,1,EUR", "date is unreadable"),
        ("2026-11-01,seo,v,d,,EUR", "amount is unreadable"),
        ("2026-11-01,seo,v,d,NaN,EUR", "amount is unreadable"),
        ("2026-11-01,seo,v,d,1e9,EUR", "amount is unreadable"),
        ("2026-11-01,seo,v,d,12 EUR,EUR", "amount is unreadable"),
        ("2026-11-01,seo,v,d,1,", "currency is unreadable"),
        ("2026-11-01,seo,v,d,1,euro", "currency is unreadable"),
        ("2026-11-01,seo,v,an, unquoted comma,1,EUR", "row has another number of fields than the header"),
        ("2026-11-01,seo,v", "row has another number of fields than the header"),
        ("2026-11-01,seo,v,d\0,1,EUR", "row holds a NUL byte"),
    ],
)
def test_costs__an_unreadable_row_is_set_aside_with_its_line(lake: Lake, folder: Path, line: str, reason: str) -> None:
    (folder / "costs_1.csv").write_text(f"{COSTS}2026-11-01,seo,v,d,7,EUR\n{line}\n")
    staged = _land(lake, folder)
    assert _amounts(lake) == ["7"]
    assert quarantined_rows(lake, "spend", "costs") == [{"key": None, "reason": reason, "origin": "costs_1.csv:3"}]
    costs = next(partition for partition in staged.partitions if partition.table == "costs")
    assert (costs.source_rows, costs.landed_rows, costs.quarantined_rows) == (2, 1, 1)


@pytest.mark.parametrize(
    ("separator", "text", "landed"),
    [
        (",", "1234.5", "1234.5"),
        (",", '"1,234.50"', "1234.50"),
        (",", "-3", "-3"),
        (";", "1234,50", "1234.50"),
        (";", "1.234,50", "1234.50"),
        (";", "12.34", "12.34"),
    ],
)
def test_amounts__are_read_as_the_file_writes_them(
    lake: Lake, folder: Path, separator: str, text: str, landed: str
) -> None:
    line = separator.join(["2026-11-01", "seo", "v", "d", text, "EUR"])
    (folder / "costs_1.csv").write_text(COSTS.replace(",", separator) + line + "\n")
    _land(lake, folder)
    assert _amounts(lake) == [landed]


def test_amounts__one_that_may_be_read_two_ways_is_set_aside(lake: Lake, folder: Path) -> None:
    (folder / "costs_1.csv").write_text(COSTS.replace(",", ";") + "2026-11-01;seo;v;d;1.234;EUR\n")
    _land(lake, folder)
    assert quarantined_rows(lake, "spend", "costs")[0]["reason"] == "amount is unreadable"


def test_costs__description_and_personal_names_do_not_land(lake: Lake, folder: Path) -> None:
    (folder / "costs_1.csv").write_text(COSTS + "2026-11-01,seo,jane@example.com,paid Jane Doe,1,EUR\n")
    staged = _land(lake, folder)
    assert _costs(lake)[0]["vendor"] is None
    assert "description" not in _costs(lake)[0]
    nulled = {partition.table: partition.nulled_values for partition in staged.partitions}
    assert nulled["costs"] == {"vendor": 1}


def test_costs__date_to_lands_and_must_not_be_before_date(lake: Lake, folder: Path) -> None:
    header = COSTS.replace("date,", "date,date_to,")
    rows = "2026-11-01,2026-11-03,seo,v,d,1,EUR\n2026-11-01,2026-10-03,seo,v,d,2,EUR\n01.11.2026,,seo,v,d,3,EUR\n"
    (folder / "costs_1.csv").write_text(header + rows)
    _land(lake, folder)
    assert [str(row["date_to"]) for row in _costs(lake)] == ["2026-11-03", "None"]
    assert [row["reason"] for row in quarantined_rows(lake, "spend", "costs")] == ["date_to is before date"]


def test_costs__a_description_over_two_lines_is_one_row(lake: Lake, folder: Path) -> None:
    (folder / "costs_1.csv").write_text(COSTS + '2026-11-01,seo,v,"two\nlines",5,EUR\n2026-11-01,seo,v,d,6,EUR\n')
    _land(lake, folder)
    assert [(row["amount"], row["row_number"]) for row in _costs(lake)] == [("5", 3), ("6", 4)]


def test_costs__identical_rows_are_two_bills(lake: Lake, folder: Path) -> None:
    (folder / "costs_1.csv").write_text(COSTS + "2026-11-01,seo,v,d,5,EUR\n" * 2)
    _land(lake, folder)
    assert _amounts(lake) == ["5", "5"]


def test_google_ads__bad_rows_are_set_aside_and_fractions_kept(lake: Lake, folder: Path) -> None:
    rows = (
        "2026-11-01,123-456,EUR,77,Spring,1500000,3,40,1.5\n"
        "2026-11-01,123-456,EUR,78,Spring,-1,3,40,0\n"
        "2026-11-01,123-456,EUR,,Spring,10,3,40,0\n"
        "2026-11-01,123-456,EUR,79,Spring,1.5,3,40,0\n"
        "2026-11-01,123-456,,80,Spring,5,3,40,0\n"
        "2026-11-01,123-456,EUR,81,Spring,5,--,,0\n"
    )
    (folder / "google_ads_2026-11.csv").write_text(ADS + rows)
    staged = _land(lake, folder)
    landed = landed_rows(lake, "spend", "google_ads")
    assert [(row["campaign_id"], row["cost_micros"], row["conversions"]) for row in landed] == [
        ("77", 1_500_000, "1.5"),
        ("81", 5, "0"),
    ]
    assert (landed[1]["clicks"], landed[1]["impressions"]) == (None, None)
    assert [(row["key"], row["reason"]) for row in quarantined_rows(lake, "spend", "google_ads")] == [
        ("78", "cost_micros is below 0"),
        (None, "campaign id is unreadable"),
        ("79", "cost_micros is unreadable"),
        ("80", "currency is unreadable"),
    ]
    assert next(p.nulled_values for p in staged.partitions if p.table == "google_ads") == {"clicks": 1}


def test_plugin_volume__lands(lake: Lake, folder: Path) -> None:
    text = "date,slug,active_installs,downloads\n2026-11-01,netvexa-chat,900,12\n"
    (folder / "wordpress_plugin_2026.csv").write_text(text)
    _land(lake, folder)
    row = landed_rows(lake, "spend", "wordpress_plugin")[0]
    assert (row["slug"], row["active_installs"], row["downloads"]) == ("netvexa-chat", 900, 12)


def test_unchanged_file__is_not_staged_again(lake: Lake, folder: Path) -> None:
    (folder / "costs_1.csv").write_text(COSTS + "2026-11-01,seo,v,d,5,EUR\n")
    assert "costs" in {partition.table for partition in _land(lake, folder).partitions}
    assert _land(lake, folder).partitions == ()


def test_changed_file__replaces_its_rows(lake: Lake, folder: Path) -> None:
    path = folder / "costs_1.csv"
    path.write_text(COSTS + "2026-11-01,seo,v,d,5,EUR\n")
    _land(lake, folder)
    path.write_text(COSTS + "2026-11-01,seo,v,d,6,EUR\n")
    _land(lake, folder)
    assert _amounts(lake) == ["6"]


def test_renamed_file__is_not_a_second_bill(lake: Lake, folder: Path) -> None:
    (folder / "costs_1.csv").write_text(COSTS + "2026-11-01,seo,v,d,5,EUR\n")
    _land(lake, folder)
    (folder / "costs_1.csv").rename(folder / "costs_2.csv")
    staged = _land(lake, folder)
    assert [row["source_file"] for row in _costs(lake)] == ["costs_2.csv"]
    assert staged.warnings == ()


def test_renamed_file__whose_old_name_is_taken_by_new_bytes_keeps_both(lake: Lake, folder: Path) -> None:
    (folder / "costs_1.csv").write_text(COSTS + "2026-11-01,seo,v,d,5,EUR\n")
    _land(lake, folder)
    (folder / "costs_1.csv").rename(folder / "costs_0.csv")
    (folder / "costs_1.csv").write_text(COSTS + "2026-11-02,seo,v,d,6,EUR\n")
    _land(lake, folder)
    assert _amounts(lake) == ["5", "6"]


def test_copied_file__is_counted_once_and_warned_about(lake: Lake, folder: Path) -> None:
    for name in ("costs_1.csv", "costs_1 (copy).csv"):
        (folder / name).write_text(COSTS + "2026-11-01,seo,v,d,5,EUR\n")
    staged = _land(lake, folder)
    assert _amounts(lake) == ["5"]
    assert any("same bytes" in warning for warning in staged.warnings)
    assert _land(lake, folder).partitions == ()


def test_vanished_file__stays_landed_with_a_warning(lake: Lake, folder: Path) -> None:
    path = folder / "costs_1.csv"
    path.write_text(COSTS + "2026-11-01,seo,v,d,5,EUR\n")
    _land(lake, folder)
    path.unlink()
    staged = _land(lake, folder)
    assert _amounts(lake) == ["5"]
    assert any("costs_1.csv is gone" in warning for warning in staged.warnings)


def test_damaged_partition__is_staged_again(lake: Lake, folder: Path) -> None:
    (folder / "costs_1.csv").write_text(COSTS + "2026-11-01,seo,v,d,5,EUR\n")
    _land(lake, folder)
    landed = next(lake.root.glob("raw_spend/costs/*/data.parquet"))
    landed.write_bytes(landed.read_bytes()[:-10])
    _land(lake, folder)
    assert _amounts(lake) == ["5"]


def test_empty_folder__gives_every_table_a_partition_to_read(lake: Lake, folder: Path) -> None:
    _land(lake, folder)
    tables = {manifest.table for manifest in read_manifests(lake, "spend")}
    assert tables == {"google_ads", "costs", "wordpress_plugin"}
    assert _land(lake, folder).partitions == ()


def test_file_of_another_name__is_warned_about(lake: Lake, folder: Path) -> None:
    (folder / "budget.csv").write_text("a,b\n")
    assert any("budget.csv is not read" in warning for warning in _land(lake, folder).warnings)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"date,channel,vendor,amount\n", "column currency is missing; the header has: date, channel, vendor, amount"),
        (b"", "is empty"),
        (b"PK\x03\x04\x81\x8d\x8f", "is no text"),
        (COSTS.encode() + b'2026-11-01,seo,v,"never closed,1,EUR\n2026-11-02,seo,v,d,1,EUR\n', "close the quote"),
    ],
)
def test_unreadable_file__is_named_in_one_line(lake: Lake, folder: Path, content: bytes, told: str) -> None:
    (folder / "costs_1.csv").write_bytes(content)
    with pytest.raises(PermanentSourceError, match=told) as failure:
        list(SpendSource(folder).stage(lake, make_run()))
    assert "costs_1.csv" in str(failure.value)
    assert "\n" not in str(failure.value)
    assert read_manifests(lake) == []


def test_missing_folder__names_the_setting(lake: Lake, tmp_path: Path) -> None:
    with pytest.raises(PermanentSourceError, match="NETVEXA_SPEND_DIR"):
        list(SpendSource(tmp_path / "nowhere").stage(lake, make_run()))
    with pytest.raises(PermanentSourceError, match="NETVEXA_RATES_DIR"):
        list(RatesSource(tmp_path / "nowhere").stage(lake, make_run()))


def _rates(lake: Lake, folder: Path, text: str) -> Iterator[tuple[str, str, str]]:
    (folder / "eurofxref-hist.csv").write_text(text)
    (staged,) = RatesSource(folder).stage(lake, make_run())
    commit(lake, staged)
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
