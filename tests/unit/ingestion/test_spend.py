"""Claims about spend files: which rows land, as what, and why the others do not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ingestion.contract import StagedBatch
from ingestion.lake import Lake
from ingestion.landing import commit
from ingestion.sources.spend.extract import SpendSource
from tests.unit.ingestion.lake_cases import landed_rows, make_run, quarantined_rows

COSTS = "date,channel,vendor,description,amount,currency\n"
ADS = (
    "segments.date,customer.id,customer.currency_code,campaign.id,campaign.name,metrics.cost_micros,"
    "metrics.clicks,metrics.impressions,metrics.conversions\n"
)


def _land(lake: Lake, folder: Path) -> StagedBatch:
    (staged,) = SpendSource(folder).stage(lake, make_run())
    commit(lake, staged)
    return staged


def _costs(lake: Lake) -> list[dict[str, Any]]:
    return landed_rows(lake, "spend", "costs")


def _amounts(lake: Lake) -> list[str]:
    return sorted(row["amount"] for row in _costs(lake))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("x,seo,v,d,1,EUR", "date is unreadable"),
        (",seo,v,d,1,EUR", "date is unreadable"),
        ("2026-02-30,seo,v,d,1,EUR", "date is unreadable"),
        ("03/04/2026,seo,v,d,1,EUR", "date is unreadable"),
        ("1899-12-30,seo,v,d,1,EUR", "date is absurd"),
        ("2206-11-01,seo,v,d,1,EUR", "date is absurd"),
        ("2026-11-01,seo,v,d,,EUR", "amount is unreadable"),
        ("2026-11-01,seo,v,d,1000000000.01,EUR", "amount is absurd"),
        ("2026-11-01,seo,v,d,-1000000000.01,EUR", "amount is absurd"),
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
        ("\t", "1.234,50", "1234.50"),
        ("\t", "12,5", "12.5"),
        (",", "(12.50)", "-12.50"),
        (",", "\u221212.50", "-12.50"),
        (";", "1\u00a0234,50", "1234.50"),
        (",", "1000000000", "1000000000"),
    ],
)
def test_amounts__are_read_as_the_file_writes_them(
    lake: Lake, folder: Path, separator: str, text: str, landed: str
) -> None:
    line = separator.join(["2026-11-01", "seo", "v", "d", text, "EUR"])
    (folder / "costs_1.csv").write_text(COSTS.replace(",", separator) + line + "\n")
    _land(lake, folder)
    assert _amounts(lake) == [landed]


@pytest.mark.parametrize(("separator", "text"), [(";", "1.234"), ("\t", "1.234"), ("\t", "1,234"), (",", '"1,234"')])
def test_amounts__one_that_may_be_read_two_ways_is_set_aside(
    lake: Lake, folder: Path, separator: str, text: str
) -> None:
    line = separator.join(["2026-11-01", "seo", "v", "d", text, "EUR"])
    (folder / "costs_1.csv").write_text(COSTS.replace(",", separator) + line + "\n")
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


def test_costs__of_several_currencies_and_credits_land_as_they_are(lake: Lake, folder: Path) -> None:
    (folder / "costs_1.csv").write_text(
        COSTS + "2026-11-01,seo,v,d,5,eur\n2026-11-01,seo,v,d,-6.5,Usd\n2026-11-01,seo,v,d,7,XYZ\n"
    )
    _land(lake, folder)
    assert [(row["currency"], row["amount"]) for row in _costs(lake)] == [("EUR", "5"), ("USD", "-6.5"), ("XYZ", "7")]


def test_costs__a_period_beyond_reason_is_set_aside_and_one_to_come_lands(lake: Lake, folder: Path) -> None:
    header = COSTS.replace("date,", "date,date_to,")
    rows = "2026-11-01,2036-11-01,seo,v,d,1,EUR\n2026-11-01,2062-11-01,seo,v,d,2,EUR\n2027-01-01,x,seo,v,d,3,EUR\n"
    (folder / "costs_1.csv").write_text(header + rows)
    _land(lake, folder)
    assert _amounts(lake) == ["1"]
    assert [row["reason"] for row in quarantined_rows(lake, "spend", "costs")] == [
        "date_to is absurd",
        "date_to is unreadable",
    ]


def test_costs__a_vendor_of_ten_megabytes_takes_only_itself_away(lake: Lake, folder: Path) -> None:
    (folder / "costs_1.csv").write_text(COSTS + "2026-11-01,seo," + "v" * 10_000_000 + ",d,5,EUR\n")
    _land(lake, folder)
    assert [(row["vendor"], row["amount"]) for row in _costs(lake)] == [(None, "5")]


def test_costs__set_aside_rows_show_nothing_of_their_cells(lake: Lake, folder: Path) -> None:
    secret = "jane@example.com"
    bad = [
        f"{secret},seo,v,d,1,EUR",
        f"2026-11-01,seo,v,d,{secret},EUR",
        f"2026-11-01,seo,v,d,1,{secret}",
        f"{secret},{secret}",
    ]
    (folder / "costs_1.csv").write_text(COSTS + "\n".join(bad).replace("@", secret) + "\n")
    staged = _land(lake, folder)
    rows = quarantined_rows(lake, "spend", "costs")
    assert [row["origin"] for row in rows] == [f"costs_1.csv:{line}" for line in (2, 3, 4, 5)]
    everything = repr(rows) + "".join(partition.manifest.to_json() for partition in staged.partitions)
    assert secret not in everything


@pytest.mark.parametrize(
    ("cells", "landed"),
    [
        ("1.500.000;1.200;40;1,5", (1_500_000, 1_200, 40, "1.5")),
        ("1500000;-3;40;-1", (1_500_000, None, 40, None)),
        ("1500000;9999999999999;40;1E+13", (1_500_000, None, 40, None)),
    ],
)
def test_google_ads__volumes_are_whole_and_plausible_or_absent(
    lake: Lake, folder: Path, cells: str, landed: tuple[object, ...]
) -> None:
    (folder / "google_ads_1.csv").write_text(ADS.replace(",", ";") + f"2026-11-01;1;EUR;77;n;{cells}\n")
    _land(lake, folder)
    (row,) = landed_rows(lake, "spend", "google_ads")
    assert tuple(row[name] for name in ("cost_micros", "clicks", "impressions", "conversions")) == landed


@pytest.mark.parametrize(
    ("row", "key", "reason"),
    [
        ("2026-11-01,1,EUR,1.23457E+11,n,1,1,1,1", None, "campaign id is unreadable"),
        ("2026-11-01,1,EUR,77,n,1000000000000001,1,1,1", "77", "cost_micros is absurd"),
        ("1900-01-01,1,EUR,77,n,1,1,1,1", "77", "date is absurd"),
        ("Total,,,,,99,,,", None, "row is a total"),
    ],
)
def test_google_ads__absurd_rows_are_set_aside_by_campaign(
    lake: Lake, folder: Path, row: str, key: str | None, reason: str
) -> None:
    (folder / "google_ads_1.csv").write_text(ADS + row + "\n")
    _land(lake, folder)
    assert quarantined_rows(lake, "spend", "google_ads") == [
        {"key": key, "reason": reason, "origin": "google_ads_1.csv:2"}
    ]


def test_plugin_volume__unreadable_rows_are_set_aside_and_counts_nulled(lake: Lake, folder: Path) -> None:
    text = "date,slug,active_installs,downloads\nx,netvexa-chat,1,1\n2026-11-01,,1,1\n2026-11-02,netvexa-chat,900+,-1\n"
    (folder / "wordpress_plugin_1.csv").write_text(text)
    staged = _land(lake, folder)
    (row,) = landed_rows(lake, "spend", "wordpress_plugin")
    assert (row["active_installs"], row["downloads"]) == (None, None)
    assert [row["reason"] for row in quarantined_rows(lake, "spend", "wordpress_plugin")] == [
        "date is unreadable",
        "slug is unreadable",
    ]
    nulled = {partition.table: dict(partition.nulled_values) for partition in staged.partitions}
    assert nulled["wordpress_plugin"] == {"active_installs": 1, "downloads": 1}
