"""Claims about text files: whatever a spreadsheet writes gives the same rows, and what is broken is named."""

from __future__ import annotations

import codecs
import csv
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingestion.delimited import DelimitedFile, Header, Row, open_delimited
from ingestion.retry import PermanentSourceError

HEADER = Header(required=("date", "vendor", "amount"), optional=("date_to",), left_out=("note",))
TEXT = 'Date,Vendor,Note,Amount,Date_to\n2026-11-01,"Müller, Söhne","two\nlines",1.50,\n2026-11-02,Ott,,2,2026-11-03\n'
VALUES = [
    {"date": "2026-11-01", "vendor": "Müller, Söhne", "amount": "1.50", "date_to": ""},
    {"date": "2026-11-02", "vendor": "Ott", "amount": "2", "date_to": "2026-11-03"},
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "costs_1.csv"


def _rows(path: Path, content: bytes | str) -> list[Row]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(open_delimited(path, HEADER).rows())


def _values(path: Path, content: bytes | str) -> list[dict[str, str]]:
    return [row.values for row in _rows(path, content)]


def _separated(separator: str) -> str:
    return TEXT.replace("Müller, Söhne", "MARK").replace(",", separator).replace("MARK", "Müller, Söhne")


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", b""),
        ("utf-8", codecs.BOM_UTF8),
        ("utf-16-le", codecs.BOM_UTF16_LE),
        ("utf-16-be", codecs.BOM_UTF16_BE),
        ("utf-16-le", b""),
        ("utf-16-be", b""),
        ("cp1252", b""),
    ],
)
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_file__of_every_encoding_separator_and_line_end_gives_the_same_rows(
    path: Path, encoding: str, mark: bytes, separator: str, line_end: str
) -> None:
    text = _separated(separator).replace("\n", line_end)
    rows = _rows(path, mark + text.encode(encoding))
    assert [row.values for row in rows] == VALUES
    assert [(row.first_line, row.line, row.fault) for row in rows] == [(2, 3, None), (4, 4, None)]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("line", ["sep={}", "SEP={}", '"sep={}"', "sep={}{}{}"])
def test_separator_line__of_excel_is_obeyed_and_lines_keep_their_numbers(path: Path, separator: str, line: str) -> None:
    rows = _rows(path, line.replace("{}", separator) + "\r\n" + _separated(separator))
    assert [row.values for row in rows] == VALUES
    assert rows[1].line == 5


@pytest.mark.parametrize(("separator", "sign"), [(",", "."), (";", ","), ("\t", None)])
def test_decimal_sign__is_known_from_the_separator_unless_that_is_a_tab(
    path: Path, separator: str, sign: str | None
) -> None:
    path.write_text(_separated(separator))
    assert open_delimited(path, HEADER).decimal_sign == sign


@pytest.mark.parametrize(
    "header",
    [
        "DATE,VENDOR,NOTE,AMOUNT,DATE_TO",
        " date , vendor ,note,  amount,date_to",
        "\ufeffdate,\u00a0vendor\u00a0,note,amount\u200b,date_to",
        '"date","vendor","note","amount","date_to"',
        "amount,date,note,vendor,date_to",
        "date,vendor,note,amount,date_to,,,",
        "\n ,,,,\ndate,vendor,note,amount,date_to",
    ],
)
def test_header__is_found_whatever_its_case_spaces_and_order(path: Path, header: str) -> None:
    path.write_text(f"{header}\n", encoding="utf-8")
    assert {name for name in open_delimited(path, HEADER).columns if name} == {
        *HEADER.required,
        *HEADER.optional,
        *HEADER.left_out,
    }


def test_header__columns_on_no_list_are_named_and_not_read(path: Path) -> None:
    path.write_text("date,vendor,amount,e-mail,cost   centre,note\n2026-11-01,v,1,jane@example.com,7,n\n")
    file = open_delimited(path, HEADER)
    assert file.unlisted == ("e-mail", "cost centre")
    assert [row.values for row in file.rows()] == [{"date": "2026-11-01", "vendor": "v", "amount": "1"}]


@pytest.mark.parametrize("name", ["amount", "date_to"])
def test_header__that_names_a_column_twice_is_refused(path: Path, name: str) -> None:
    with pytest.raises(PermanentSourceError, match=f"column {name} stands twice"):
        _rows(path, f"date,vendor,amount,date_to,{name}\n")


def test_header__that_names_an_unread_column_twice_is_fine(path: Path) -> None:
    assert _values(path, "date,vendor,amount,note,note\n2026-11-01,v,1,a,b\n")[0]["amount"] == "1"


def test_header__missing_names_what_was_found_but_no_row_of_a_headless_file(path: Path) -> None:
    with pytest.raises(PermanentSourceError, match="column amount is missing; the header has: date, vendor, betrag"):
        _rows(path, "date,vendor,Betrag\n")
    with pytest.raises(PermanentSourceError, match="names none of the columns date, vendor, amount") as failure:
        _rows(path, "2026-11-01,Jane Doe,1\n")
    assert "Jane" not in str(failure.value)


def test_trailing__empty_columns_and_rows_are_nothing(path: Path) -> None:
    text = "date,vendor,amount,date_to,,\n2026-11-01,v,1,,,\n,,,,,\n\u00a0,,,,,\n\n\n"
    assert _values(path, text) == [{"date": "2026-11-01", "vendor": "v", "amount": "1", "date_to": ""}]


def test_cells__are_free_of_the_spaces_around_them(path: Path) -> None:
    assert _values(path, "date;vendor;amount\n\u00a02026-11-01 ; Ott\u00a0;\u200b1\u00a0234,50\u202f\n") == [
        {"date": "2026-11-01", "vendor": "Ott", "amount": "1\u00a0234,50"}
    ]


@pytest.mark.parametrize("line", ["2026-11-01,v,n,1", "2026-11-01,v,n,1,"])
def test_row__may_end_before_columns_that_may_be_missing(path: Path, line: str) -> None:
    rows = _rows(path, f"date,vendor,note,amount,date_to\n{line}\n")
    assert [(row.fault, row.values["amount"], row.values["date_to"]) for row in rows] == [(None, "1", "")]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (b"2026-11-01,v,n", "row has another number of fields than the header"),
        (b"2026-11-01,v,un, quoted,1,2026-11-02", "row has another number of fields than the header"),
        (b"2026-11-01,v\0,n,1,", "row holds a NUL byte"),
        (b"2026-11-01,v,n\0,1,", "row holds a NUL byte"),
        (b"2026-11-01,v \xff,n,1,", "row holds bytes that are no text"),
        (b"2026-11-01,v,n \xc3,1,", "row holds bytes that are no text"),
    ],
)
def test_row__that_cannot_be_read_is_faulty_and_the_others_are_not(path: Path, line: bytes, fault: str) -> None:
    text = "date,vendor,note,amount,date_to\n2026-11-01,Müller,Größe,1,\n".encode() + line + b"\n2026-11-03,v,n,3,\n"
    assert [(row.line, row.fault) for row in _rows(path, text)] == [(2, None), (3, fault), (4, None)]


def test_utf8_file__with_a_broken_byte_is_not_taken_for_another_encoding(path: Path) -> None:
    rows = _rows(path, "date,vendor,amount\n2026-11-01,Müller & Söhne,1\n".encode() + b"2026-11-02,M\xfcller,2\n")
    assert (rows[0].values["vendor"], rows[0].fault) == ("Müller & Söhne", None)
    assert rows[1].fault == "row holds bytes that are no text"


def test_utf16_file__cut_within_a_letter_has_a_faulty_last_row(path: Path) -> None:
    content = codecs.BOM_UTF16_LE + "date\tvendor\tamount\n2026-11-01\tv\t1\n2026-11-02\tv\t12".encode("utf-16-le")
    rows = _rows(path, content[:-1])
    assert [row.fault for row in rows] == [None, "row holds bytes that are no text"]


def test_field__of_ten_megabytes_is_read_and_what_follows_too(path: Path) -> None:
    text = 'date,vendor,note,amount\n2026-11-01,v,"' + "x" * 10_000_000 + '",1\n2026-11-02,v,n,2\n'
    assert [values["amount"] for values in _values(path, text)] == ["1", "2"]


@pytest.mark.parametrize("label", ["Total", "TOTALS:", "Summe", " Gesamt ", "Grand total"])
def test_total__is_known_as_such(path: Path, label: str) -> None:
    rows = _rows(path, f"date,vendor,amount\n2026-11-01,Total Energies,1\n{label},,1\n")
    assert [row.is_total for row in rows] == [False, True]


@pytest.mark.parametrize(
    "text",
    [
        'date,vendor,amount,note\n2026-11-01,v,1,"never closed\n2026-11-02,v,2,n\n',
        'date,vendor,amount,note\n2026-11-01,v,1,"never closed\n2026-11-02,v,2,n',
        'date,vendor,note,amount\n2026-11-01,v,"never closed,1\n2026-11-02,v,n,2\n',
    ],
)
def test_quote__that_is_never_closed_stops_the_file_at_its_line(path: Path, text: str) -> None:
    with pytest.raises(PermanentSourceError, match=re.escape("costs_1.csv:2: a quoted field runs on to line 3")):
        _rows(path, text)


@pytest.mark.parametrize(
    "text",
    [
        'date,vendor,amount,note\n2026-11-01,v,1,"never closed\n2026-11-02,w,2,"n"\n',
        'date,vendor,note,amount\n2026-11-01,v,"never closed,1\n2026-11-02,w,"n",2\n',
        'date,vendor,note,amount\n2026-11-01,v,"never closed,1\n2026-11-02,w,n,2\n2026-11-03,x,"n",3\n',
    ],
)
def test_quote__closed_by_a_later_row_shows_the_rows_it_swallowed(path: Path, text: str) -> None:
    (row,) = _rows(path, text)
    assert [hidden.values["vendor"] for hidden in row.hidden] == ["w", "x"][: text.count("\n") - 2]


@pytest.mark.parametrize("name", ["usd", "xxx"])
def test_columns_named_by_data__are_read_and_must_be_reached_by_every_row(path: Path, name: str) -> None:
    header = Header(required=("date",), data_named=re.compile("[a-z]{3}"))
    path.write_text(f"Date,{name.upper()},Remark,\n2026-11-01,1.1,r,\n2026-11-02\n")
    file = open_delimited(path, header)
    assert file.unlisted == ("remark",)
    assert [(row.values.get(name), row.fault is None) for row in file.rows()] == [("1.1", True), ("", False)]
    path.write_text("Date,US dollar\n2026-11-01,1.1\n")
    with pytest.raises(PermanentSourceError, match="no column but date is named"):
        open_delimited(path, header)


def test_file__may_be_read_twice(path: Path) -> None:
    path.write_text(TEXT, encoding="utf-8")
    file: DelimitedFile = open_delimited(path, HEADER)
    assert list(file.rows()) == list(file.rows())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    cells=st.lists(
        st.tuples(st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.just("\n"), max_size=20), st.integers()),
        max_size=5,
    ),
    separator=st.sampled_from([",", ";", "\t"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    line_end=st.sampled_from(["\n", "\r\n"]),
    declares=st.booleans(),
)
def test_file__written_by_anyone_is_read_as_it_was_meant(  # noqa: PLR0913 (what may differ between two programs)
    path: Path, *, cells: list[tuple[str, int]], separator: str, encoding: str, line_end: str, declares: bool
) -> None:
    with path.open("w", encoding=encoding, newline="") as file:
        if declares:
            file.write(f"sep={separator}{line_end}")
        writer = csv.writer(file, delimiter=separator, lineterminator=line_end, quoting=csv.QUOTE_NONNUMERIC)
        writer.writerow(["date", "vendor", "amount"])
        writer.writerows(["2026-11-01", vendor, amount] for vendor, amount in cells)
    rows = list(open_delimited(path, HEADER).rows())
    trimmed = [(vendor.strip().strip("\ufeff\u200b").strip(), str(amount)) for vendor, amount in cells]
    assert [(row.values["vendor"], row.values["amount"]) for row in rows] == trimmed
    # A character that was lost before the file was written cannot be told from one that UTF-16 lost.
    lost = [encoding == "utf-16" and "\ufffd" in vendor for vendor, _ in cells]
    assert [row.fault is not None for row in rows] == lost
