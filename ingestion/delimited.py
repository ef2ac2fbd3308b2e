"""Reading the text files that people and spreadsheets write: encodings, separators, headers, line numbers.

Belongs here: from bytes to rows of text, with their place in the file. Does not: what a column means (each source).
"""

from __future__ import annotations

import codecs
import csv
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from ingestion.retry import PermanentSourceError

SEPARATORS = (",", ";", "\t")

_CHUNK = 1 << 20
_SAMPLE = 1 << 16
_GERMAN_DATE = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
_ISO_DATE = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})")
_POINT = re.compile(r"[+-]?(\d+|\d{1,3}(,\d{3})+(?=\.))(\.\d+)?")
_COMMA = re.compile(r"[+-]?(\d+|\d{1,3}(\.\d{3})+(?=,))(,\d+)?")


@dataclass(frozen=True, slots=True)
class Row:
    """One record: `line` is the 1-based line it ends on; `fault` says why it cannot be read by column names."""

    line: int
    values: dict[str, str]
    fault: str | None


@dataclass(frozen=True, slots=True)
class DelimitedFile:
    """A file whose header has been read."""

    path: Path
    encoding: str
    separator: str
    header: tuple[str, ...]

    def rows(self) -> Iterator[Row]:
        """Records after the header; blank ones are skipped. Raises PermanentSourceError where the text breaks off."""
        # A field may be larger than csv's default limit; only the columns a source asks for are kept.
        csv.field_size_limit(sys.maxsize)
        with self.path.open(encoding=self.encoding, newline="") as file:
            reader = csv.reader(file, delimiter=self.separator, skipinitialspace=True)
            try:
                header_seen = False
                before = 0
                for fields in reader:
                    first_line, before = before + 1, reader.line_num
                    if not any(field.strip() for field in fields):
                        continue
                    if not header_seen:
                        header_seen = True
                        continue
                    row = self._row(reader.line_num, fields)
                    if row.fault and row.line > first_line:
                        # A quote that is never closed swallows every row after it: not one bad row, but a bad file.
                        place = f"{self.path.name}:{first_line}"
                        message = (
                            f"{place}: a quoted field runs on to line {row.line} and the row does not fit the header; "
                            "close the quote"
                        )
                        raise PermanentSourceError(message)
                    yield row
            except csv.Error as error:
                message = f"{self.path.name}:{reader.line_num}: {error}; repair the file's quoting"
                raise PermanentSourceError(message) from None

    def _row(self, line: int, fields: Sequence[str]) -> Row:
        extra = [field for field in fields[len(self.header) :] if field.strip()]
        fault = None
        if extra or len(fields) < len(self.header):
            fault = "row has another number of fields than the header"
        elif any("\0" in field for field in fields):
            fault = "row holds a NUL byte"
        values = {name: field.strip() for name, field in zip(self.header, fields, strict=False)}
        return Row(line, values, fault)

    @property
    def decimal_comma(self) -> bool:
        """Spreadsheets that separate by semicolons do so because the comma is their decimal sign."""
        return self.separator == ";"


def list_files(folder: Path, setting: str) -> list[Path]:
    """The CSV files of a folder, by name. Raises PermanentSourceError when it is not there."""
    try:
        files = sorted(folder.iterdir())
    except OSError as error:
        message = f"folder {folder} cannot be read ({error.strerror}); check {setting}"
        raise PermanentSourceError(message) from None
    return [path for path in files if path.is_file() and path.suffix.lower() == ".csv"]


def open_delimited(path: Path, required: Sequence[str]) -> DelimitedFile:
    """Find encoding and separator, and hold the header to its contract.

    Header cells are compared trimmed and without case. Raises PermanentSourceError naming file, column, and what was
    found instead.
    """
    encoding = _encoding(path)
    with path.open(encoding=encoding, newline="") as file:
        sample = file.read(_SAMPLE)
    first = next((line for line in sample.splitlines() if line.strip(" ,;\t")), "")
    candidates = {separator: _header(first, separator) for separator in SEPARATORS}
    separator = max(SEPARATORS, key=lambda s: len(set(candidates[s]) & set(required)))
    header = candidates[separator]
    missing = [column for column in required if column not in header]
    if missing:
        found = ", ".join(name for name in header if name)[:200] or "nothing"
        message = f"{path.name}: column {missing[0]} is missing; the header has: {found}. Export it with that column"
        raise PermanentSourceError(message)
    return DelimitedFile(path, encoding, separator, header)


def parse_date(text: str) -> date | None:
    """ISO dates (`2026-11-01`, `2026/11/1`) and German ones (`01.11.2026`); None for all else.

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


def parse_decimal(text: str, *, decimal_comma: bool) -> Decimal | None:
    """A plain number, thousands grouped or not; None for all else, and where two readings are possible.

    `1.234` is one thousand in a file with decimal commas and 1.234 elsewhere, so with decimal commas it is None.
    """
    if decimal_comma and _COMMA.fullmatch(text):
        return Decimal(text.replace(".", "").replace(",", "."))
    if decimal_comma and re.fullmatch(r"[+-]?\d+\.\d{3}", text):
        return None
    if _POINT.fullmatch(text):
        return Decimal(text.replace(",", ""))
    return None


def parse_count(text: str) -> int | None:
    """A whole number as text, without grouping; None for all else."""
    return int(text) if re.fullmatch(r"[+-]?\d{1,18}", text) else None


def _header(line: str, separator: str) -> tuple[str, ...]:
    fields = next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
    names = [field.strip().lower() for field in fields]
    while names and not names[-1]:
        names.pop()
    return tuple(names)


def _encoding(path: Path) -> str:
    """utf-16 by its mark, utf-8 (mark or not) when every byte fits, else the spreadsheet's cp1252."""
    try:
        with path.open("rb") as file:
            start = file.read(4)
        if not start:
            message = f"{path.name} is empty: not even a header; export it again or take it out of the folder"
            raise PermanentSourceError(message)
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            candidates: tuple[str, ...] = ("utf-16",)
        else:
            candidates = ("utf-8-sig", "cp1252")
        for encoding in candidates:
            if _decodes(path, encoding):
                return encoding
    except OSError as error:
        message = f"{path.name} cannot be read ({error.strerror}); check the file's permissions"
        raise PermanentSourceError(message) from None
    message = f"{path.name} is no text in utf-8, utf-16 or cp1252; export it again as CSV"
    raise PermanentSourceError(message)


def _decodes(path: Path, encoding: str) -> bool:
    try:
        with path.open(encoding=encoding, newline="") as file:
            while file.read(_CHUNK):
                pass
    except UnicodeError:
        return False
    return True
