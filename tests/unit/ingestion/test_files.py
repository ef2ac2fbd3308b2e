"""Claims about folders of files: read once each, nothing counted twice, nothing of a bad file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from ingestion.contract import Backfill, RunContext, StagedBatch
from ingestion.lake import Lake
from ingestion.landing import commit, read_manifests
from ingestion.retry import PermanentSourceError, TransientSourceError
from ingestion.sources.rates.extract import RatesSource
from ingestion.sources.spend.extract import SpendSource
from tests.unit.ingestion.lake_cases import landed_rows, make_run, quarantined_rows

COSTS = "date,channel,vendor,description,amount,currency\n"


def _land(lake: Lake, folder: Path, run: RunContext | None = None) -> StagedBatch:
    (staged,) = SpendSource(folder).stage(lake, run or make_run())
    commit(lake, staged)
    return staged


def _costs(lake: Lake) -> list[dict[str, Any]]:
    return landed_rows(lake, "spend", "costs")


def _told(staged: StagedBatch, part: str) -> int:
    """How many warnings say it."""
    return sum(part in warning for warning in staged.warnings)


def _data(lake: Lake) -> dict[str, bytes]:
    return {str(path.relative_to(lake.root)): path.read_bytes() for path in lake.root.glob("raw_*/*/*/*.parquet")}


def _amounts(lake: Lake) -> list[str]:
    return sorted(row["amount"] for row in _costs(lake))


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
    assert _told(staged, "same bytes")
    assert _land(lake, folder).partitions == ()


def test_vanished_file__stays_landed_with_a_warning(lake: Lake, folder: Path) -> None:
    path = folder / "costs_1.csv"
    path.write_text(COSTS + "2026-11-01,seo,v,d,5,EUR\n")
    _land(lake, folder)
    path.unlink()
    staged = _land(lake, folder)
    assert _amounts(lake) == ["5"]
    assert _told(staged, "costs_1.csv is gone")


def test_damaged_partition__is_named_and_staged_again(lake: Lake, folder: Path) -> None:
    (folder / "costs_1.csv").write_text(COSTS + "2026-11-01,seo,v,d,5,EUR\n")
    _land(lake, folder)
    landed = next(lake.root.glob("raw_spend/costs/*/data.parquet"))
    landed.write_bytes(landed.read_bytes()[:-10])
    assert _told(_land(lake, folder), "costs_1.csv is damaged in the lake and read again")
    assert _amounts(lake) == ["5"]


def test_empty_folder__gives_every_table_a_partition_to_read(lake: Lake, folder: Path) -> None:
    _land(lake, folder)
    tables = {manifest.table for manifest in read_manifests(lake, "spend")}
    assert tables == {"google_ads", "costs", "wordpress_plugin"}
    assert _land(lake, folder).partitions == ()


def test_file_of_another_name__is_warned_about(lake: Lake, folder: Path) -> None:
    (folder / "budget.csv").write_text("a,b\n")
    assert _told(_land(lake, folder), "budget.csv is not read")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"date,channel,vendor,amount\n", "column currency is missing; the header has: date, channel, vendor, amount"),
        (b"", "is empty"),
        (b"2026-11-01,seo,Jane Doe,paid,1,EUR\n", "names none of the columns date, channel"),
        (COSTS.replace("vendor", "amount").encode(), "column vendor is missing"),
        (COSTS.replace("description", "amount").encode(), "column amount stands twice"),
        (b"PK\x03\x04\x14\x00", "is a zip archive or an Excel workbook"),
        (b"\x1f\x8b\x08\x00", "is a gzip archive"),
        (b"\xd0\xcf\x11\xe0", "is an Excel workbook"),
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


def test_damaged_partition__whose_file_is_gone_stops_by_name(lake: Lake, folder: Path) -> None:
    path = folder / "costs_1.csv"
    path.write_text(COSTS + "2026-11-01,seo,v,d,5,EUR\n")
    _land(lake, folder)
    landed = next(lake.root.glob("raw_spend/costs/*/data.parquet"))
    landed.write_bytes(landed.read_bytes()[:-10])
    path.unlink()
    with pytest.raises(PermanentSourceError, match=r"costs_1\.csv is damaged in the lake and gone.*put the file back"):
        _land(lake, folder)


def test_damaged_partition__of_no_file_is_staged_again(lake: Lake, folder: Path) -> None:
    _land(lake, folder)
    next(lake.root.glob("raw_spend/costs/file=none/data.parquet")).write_bytes(b"PAR1")
    assert [partition.table for partition in _land(lake, folder).partitions] == ["costs"]
    assert _land(lake, folder).partitions == ()
    assert _costs(lake) == []


@pytest.mark.parametrize(
    ("error", "kind", "told"),
    [
        (PermissionError(13, "Permission denied"), PermanentSourceError, r"costs_1\.csv cannot be read \(Permission"),
        (FileNotFoundError(2, "No such file"), TransientSourceError, r"costs_1\.csv went away while the folder"),
    ],
)
def test_file__that_cannot_be_opened_is_named(  # noqa: PLR0913 (fixtures, and what is expected)
    lake: Lake, folder: Path, monkeypatch: pytest.MonkeyPatch, *, error: OSError, kind: type[Exception], told: str
) -> None:
    def refuse(_path: Path) -> str:
        raise error

    (folder / "costs_1.csv").write_text(COSTS)
    monkeypatch.setattr("ingestion.files.file_sha256", refuse)
    with pytest.raises(kind, match=told):
        _land(lake, folder)


@pytest.mark.parametrize("source", ["spend", "rates"])
def test_backfill__reads_every_file_of_its_own_source_again_to_the_same_bytes(
    lake: Lake, folder: Path, source: str
) -> None:
    for number in (1, 2):
        (folder / f"costs_{number}.csv").write_text(COSTS + f"2026-11-01,seo,v,d,{number},EUR\nnever,seo,v,d,1,EUR\n")
    _land(lake, folder)
    before = _data(lake)
    staged = _land(lake, folder, replace(make_run("run-2"), backfill=Backfill(source)))
    again = {"costs_1.csv", "costs_2.csv"} if source == "spend" else set()
    assert {partition.partition_value for partition in staged.partitions} == again
    assert _data(lake) == before


def test_backfill__does_not_count_a_copy_and_keeps_what_vanished(lake: Lake, folder: Path) -> None:
    (folder / "costs_1.csv").write_text(COSTS + "2026-11-01,seo,v,d,5,EUR\n")
    (folder / "costs_2.csv").write_text(COSTS + "2026-11-01,seo,v,d,6,EUR\n")
    _land(lake, folder)
    (folder / "costs_2.csv").unlink()
    (folder / "costs_0.csv").write_text(COSTS + "2026-11-01,seo,v,d,5,EUR\n")
    _land(lake, folder, replace(make_run("run-2"), backfill=Backfill("spend")))
    assert _amounts(lake) == ["5", "6"]


def test_unlisted_column__is_told_once_while_its_file_is_new_and_does_not_land(lake: Lake, folder: Path) -> None:
    for number in (1, 2, 3):
        text = COSTS.replace("\n", ",Paid by\n") + f"2026-11-0{number},seo,v,d,5,EUR,Jane Doe\n"
        (folder / f"costs_{number}.csv").write_text(text)
    staged = _land(lake, folder)
    assert _told(staged, "spend.costs: column paid by (costs_1.csv and 2 more) is on no list and does not land") == 1
    assert _told(staged, "column description") == 0
    assert "Jane Doe" not in repr(_costs(lake))
    assert _land(lake, folder).warnings == ()
    (folder / "costs_4.csv").write_text(COSTS.replace("\n", ",Paid by\n") + "2026-11-04,seo,v,d,5,EUR,Jane Doe\n")
    assert _told(_land(lake, folder), "column paid by (costs_4.csv)") == 1


def test_missing_column__in_a_new_version_of_a_file_replaces_nothing(lake: Lake, folder: Path) -> None:
    for number in (1, 2):
        (folder / f"costs_{number}.csv").write_text(COSTS + f"2026-11-01,seo,v,d,{number},EUR\n")
    _land(lake, folder)
    before = _data(lake)
    (folder / "costs_1.csv").write_text(COSTS + "2026-11-01,seo,v,d,9,EUR\n")
    (folder / "costs_2.csv").write_text(COSTS.replace("currency", "iso") + "2026-11-01,seo,v,d,9,EUR\n")
    with pytest.raises(PermanentSourceError, match=r"costs_2\.csv: column currency is missing"):
        _land(lake, folder)
    assert _data(lake) == before


def test_total__is_set_aside_as_such(lake: Lake, folder: Path) -> None:
    (folder / "costs_1.csv").write_text(COSTS + "2026-11-01,seo,Total,d,5,EUR\nTotal,,,,5,\nTotal,5\n")
    _land(lake, folder)
    assert _amounts(lake) == ["5"]
    assert [row["reason"] for row in quarantined_rows(lake, "spend", "costs")] == ["row is a total"] * 2


def test_quote__that_swallows_a_readable_row_stops_the_file(lake: Lake, folder: Path) -> None:
    header = "date,channel,vendor,amount,currency,description\n"
    swallowed = '2026-11-01,seo,v,1,EUR,"never closed\n2026-11-02,seo,v,2,EUR,"ok"\n'
    (folder / "costs_1.csv").write_text(header + swallowed)
    with pytest.raises(PermanentSourceError, match=r"costs_1\.csv:2: a quoted field runs on to line 3"):
        _land(lake, folder)
    kept = '2026-11-01,seo,v,1,EUR,"a list:\nposts, pages, links, images, videos, more\nend"\n'
    (folder / "costs_1.csv").write_text(header + kept)
    _land(lake, folder)
    assert _amounts(lake) == ["1"]


def test_file__that_is_written_while_it_is_read_may_be_read_again(
    lake: Lake, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / "costs_1.csv"
    path.write_text(COSTS + "2026-11-01,seo,v,d,5,EUR\n")
    (kind,) = (kind for kind in SpendSource.kinds if kind.owns(path))

    def read_and_append(*arguments: Any) -> Any:
        path.write_text(COSTS + "2026-11-01,seo,v,d,5,EUR\n2026-11-02,seo,v,d,6,EUR\n")
        return kind.read_row(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(SpendSource, "kinds", (replace(kind, read_row=read_and_append),))
        with pytest.raises(TransientSourceError, match=r"costs_1\.csv was written while it was read"):
            _land(lake, folder)
    assert read_manifests(lake) == []
    _land(lake, folder)
    assert len(_amounts(lake)) == 2


@pytest.mark.parametrize("name", ["costs_1.zip", "costs_1.csv.gz", "costs_1.xlsx", "costs_1.csv.part"])
def test_file_of_another_suffix__stops_a_table_that_has_no_other(lake: Lake, folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"PK")
    with pytest.raises(PermanentSourceError, match=f"spend.costs: {name} is no CSV file.*unpack or export"):
        _land(lake, folder)
    (folder / "costs_1.csv").write_text(COSTS + "2026-11-01,seo,v,d,5,EUR\n")
    assert _told(_land(lake, folder), f"{name} is not read; only .csv files are") == 1


@pytest.mark.parametrize("name", [".costs_1.csv", "~$costs_1.csv", ".~lock.costs_1.csv#", "read me.txt"])
def test_file__that_nobody_means_as_data_is_passed_over(lake: Lake, folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"\0")
    (folder / "costs_0.csv").mkdir()
    assert _land(lake, folder).warnings == ()


@pytest.mark.parametrize(
    ("name", "told"),
    [(f"costs_{'ü' * 60}.csv", "is too long"), (b"costs_\xff.csv".decode(errors="surrogateescape"), "no UTF-8")],
)
def test_file_name__that_cannot_name_a_partition_is_refused(lake: Lake, folder: Path, name: str, told: str) -> None:
    (folder / name).write_text(COSTS)
    with pytest.raises(PermanentSourceError, match=f"{told}.*rename the file") as failure:
        _land(lake, folder)
    assert str(failure.value).encode()


@pytest.mark.parametrize(
    "name", ["costs_ 1 (März).csv", "costs_100%.csv", "COSTS_1.CSV", "costs_*[1]?.csv", "costs_a=b&c.csv"]
)
def test_file_name__of_any_spelling_is_a_partition_of_its_own(lake: Lake, folder: Path, name: str) -> None:
    (folder / name).write_text(COSTS + "2026-11-01,seo,v,d,5,EUR\n")
    _land(lake, folder)
    assert [row["source_file"] for row in _costs(lake)] == [name]
    assert _land(lake, folder).partitions == ()


def _at(day: date) -> RunContext:
    return make_run(instant=datetime(day.year, day.month, day.day, 2, tzinfo=UTC))


def test_stale_folder__is_told_every_night_until_newer_days_come(lake: Lake, folder: Path) -> None:
    (folder / "costs_1.csv").write_text(COSTS + "2026-09-01,seo,v,d,5,EUR\n")
    assert _told(_land(lake, folder, _at(date(2026, 10, 16))), "newest day") == 0
    for day in (date(2026, 10, 17), date(2026, 10, 18)):
        assert _told(_land(lake, folder, _at(day)), "spend.costs: the newest day is 2026-09-01, 33 weekdays ago") == 1
    (folder / "costs_2.csv").write_text(COSTS + "2026-10-01,seo,v,d,5,EUR\n")
    assert _told(_land(lake, folder, _at(date(2026, 10, 18))), "newest day") == 0


def test_stale_folder__is_not_hidden_by_days_to_come_nor_by_a_folder_without_rows(lake: Lake, folder: Path) -> None:
    assert _told(_land(lake, folder), "newest day") == 0
    (folder / "costs_1.csv").write_text(COSTS + "2026-09-01,seo,v,d,5,EUR\n2027-01-01,seo,v,d,5,EUR\n")
    assert _told(_land(lake, folder, _at(date(2026, 10, 20))), "the newest day is 2026-09-01") == 1


@pytest.mark.parametrize("act", [lambda path: path.rename(path.with_name("costs_2.csv")), lambda path: None])
def test_stale_folder__is_judged_by_what_the_run_leaves_in_the_lake(
    lake: Lake, folder: Path, act: Callable[[Path], object]
) -> None:
    path = folder / "costs_1.csv"
    path.write_text(COSTS + "2026-10-19,seo,v,d,5,EUR\n")
    _land(lake, folder)
    path.write_text(COSTS + "2026-09-01,seo,v,d,5,EUR\n")
    act(path)
    assert _told(_land(lake, folder, _at(date(2026, 10, 20))), "the newest day is 2026-09-01") == (
        1 if path.exists() else 0
    )


def test_rows_far_ahead__land_and_are_told_once_while_their_file_is_new(lake: Lake, folder: Path) -> None:
    (folder / "costs_1.csv").write_text(COSTS + "2028-11-22,seo,v,d,1,EUR\n2028-11-23,seo,v,d,2,EUR\n")
    staged = _land(lake, folder)
    assert _told(staged, "spend.costs: costs_1.csv holds rows dated after 2028-11-22 (1); they wait") == 1
    assert _amounts(lake) == ["1", "2"]
    assert _land(lake, folder).warnings == ()


@pytest.mark.parametrize("name", ["costs_jane@example.com.csv", "jane%40example.com.csv", "costs_+49 30 1234567.csv"])
def test_file__whose_name_is_somebodys_address_stops_the_run_without_repeating_it(
    lake: Lake, folder: Path, name: str
) -> None:
    (folder / "costs_1.csv").write_text(COSTS + "2026-11-01,seo,v,d,5,EUR\n")
    (folder / name).write_text(COSTS + "2026-11-01,seo,v,d,5,EUR\n")
    with pytest.raises(PermanentSourceError, match=r"file [12] of 2 by name .* rename the file") as failure:
        _land(lake, folder)
    assert "example" not in str(failure.value)
    assert "1234567" not in str(failure.value)


def test_column__named_by_an_address_is_told_without_it(lake: Lake, folder: Path) -> None:
    (folder / "costs_1.csv").write_text(COSTS.strip() + ",jane@example.com\n2026-11-01,seo,v,d,5,EUR,\n")
    staged = _land(lake, folder)
    assert _told(staged, "is on no list and does not land") == 1
    assert _told(staged, "jane") == 0
