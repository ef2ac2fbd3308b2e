"""Reading the text files that people and spreadsheets write: encodings, separators, headers, line numbers.

Belongs here: from bytes to rows of text, with their place in the file. Does not: what a cell says (cells), what a
column means (each source).
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from ingestion.personal import reads_as_contact
from ingestion.retry import PermanentSourceError

SEPARATORS = (",", ";", "\t")

# A description may hold megabytes; beyond this it is a quote that was never closed, and must not fill the memory.
LARGEST_FIELD = 32 << 20

# What the cells of a row that sums up the others say, in the languages of our spreadsheets.
TOTALS = frozenset({"total", "totals", "grand total", "sum", "summe", "gesamt", "gesamtsumme", "insgesamt"})

_CHUNK = 1 << 20
_SAMPLE = 1 << 16
# Excel's own way to say how a file is separated: its first line.
_SEPARATOR_LINE = re.compile(r'"?sep=([,;\t])"?[,;\t]*', re.IGNORECASE)
_INVISIBLE = "\ufeff\u200b"
_BLANK = " ,;\t\r\n\u00a0" + _INVISIBLE
_NO_TEXT = re.compile("[\ud800-\udfff]")
_NO_UTF16 = re.compile("[\ud800-\udfff\ufffd]")
_LINE_END = re.compile(r"\r\n|\r|\n")
# Put behind the last line: a quote that is still open swallows it.
_END = "\0end of file\0"
# What is not text but often has its suffix, by the first bytes.
_ARCHIVES = {
    b"PK\x03\x04": "a zip archive or an Excel workbook",
    b"\x1f\x8b": "a gzip archive",
    b"\xd0\xcf\x11\xe0": "an Excel workbook",
}


@dataclass(frozen=True, slots=True)
class Header:
    """The columns of one kind of file, lower case. A row is given as those that are read, and nothing else.

    Every file must have the `required`; `optional` ones may be missing, in the header or at the end of a row (where
    spreadsheets leave empty cells out). `left_out` are known and not read. `data_named`: columns whose names are data
    themselves (a currency each); those are read, and every row must reach them.
    """

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    data_named: re.Pattern[str] | None = None

    def reads(self, column: str) -> bool:
        return column in self.optional or self.demands(column)

    def demands(self, column: str) -> bool:
        """Whether every row must have the column, if the header has it."""
        return column in self.required or (self.data_named is not None and bool(self.data_named.fullmatch(column)))


@dataclass(frozen=True, slots=True)
class Row:
    """One record: the 1-based lines it begins and ends on, and its cells by the columns that are read.

    `fault` says why it cannot be read; `is_total`, that one of its cells says so. `hidden` are rows that one of its
    quoted fields seems to hold: where they could be read, a quote before them was never closed.
    """

    first_line: int
    line: int
    values: dict[str, str]
    fault: str | None
    is_total: bool
    hidden: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class DelimitedFile:
    """A file whose header has been read: `columns` as they stand, lower case; `reads` says which of them are read."""

    path: Path
    encoding: str
    separator: str
    columns: tuple[str, ...]
    header: Header

    @property
    def decimal_sign(self) -> str | None:
        """Spreadsheets separate by semicolons because the comma is their decimal sign; a tab tells nothing."""
        return {";": ",", ",": "."}.get(self.separator)

    @property
    def unlisted(self) -> tuple[str, ...]:
        """Columns of the file that no list names. They are not read."""
        known = self.header
        return tuple(name for name in self.columns if name and not known.reads(name) and name not in known.left_out)

    def rows(self) -> Iterator[Row]:
        """Records after the header; blank ones are skipped. Raises PermanentSourceError where the text breaks off."""
        records = self._records()
        next(records, None)
        for first_line, line, fields in records:
            if fields[-1].endswith(_END):
                raise self.unclosed_quote(first_line, line - 1)
            if line == first_line:
                yield self._row(first_line, line, fields)
            elif self._fits(fields):
                yield self._row(first_line, line, fields, tuple(self._hidden(line, fields)))
            else:
                raise self.unclosed_quote(first_line, line)

    def unclosed_quote(self, first_line: int, line: int) -> PermanentSourceError:
        """The error for a field that swallows the rows after it: not one bad row, but a bad file."""
        place = f"{self.path.name}:{first_line}"
        return PermanentSourceError(f"{place}: a quoted field runs on to line {line}, over other rows; close the quote")

    def _records(self) -> Iterator[tuple[int, int, list[str]]]:
        """First line, last line and fields of each record that is not blank; the header is the first."""
        # csv keeps one limit a process; its default is less than a long description.
        csv.field_size_limit(LARGEST_FIELD)
        with _open(self.path, self.encoding) as file:
            reader = csv.reader(_lines(file), delimiter=self.separator, skipinitialspace=True)
            before = 0
            try:
                for fields in reader:
                    first_line, before = before + 1, reader.line_num
                    if fields == [_END]:
                        return
                    if any(field.strip(_BLANK) for field in fields):
                        yield first_line, reader.line_num, fields
            except csv.Error as error:
                message = f"{self.path.name}:{before + 1}: {error}; repair the file's quoting"
                raise PermanentSourceError(message) from None

    def _row(self, first_line: int, line: int, fields: Sequence[str], hidden: tuple[Row, ...] = ()) -> Row:
        fault = None
        if not self._fits(fields):
            fault = "row has another number of fields than the header"
        elif any("\0" in field for field in fields):
            fault = "row holds a NUL byte"
        elif any(self._no_text.search(field) for field in fields):
            fault = "row holds bytes that are no text"
        cells = [field.strip().strip(_INVISIBLE).strip() for field in fields]
        cells += [""] * (len(self.columns) - len(cells))
        values = {name: cell for name, cell in zip(self.columns, cells, strict=False) if self.header.reads(name)}
        is_total = any(cell.rstrip(" :").casefold() in TOTALS for cell in cells)
        return Row(first_line, line, values, fault, is_total, hidden)

    def _fits(self, fields: Sequence[str]) -> bool:
        extra = any(field.strip() for field in fields[len(self.columns) :])
        return not extra and not any(self.header.demands(name) for name in self.columns[len(fields) :])

    def _hidden(self, line: int, fields: Sequence[str]) -> Iterator[Row]:
        """Lines within a field that fit the header; the last of them goes on in the fields behind it."""
        for place, field in enumerate(fields):
            lines = _LINE_END.split(field)[1:]
            for number, text in enumerate(lines, start=1):
                behind = fields[place + 1 :] if number == len(lines) else ()
                inner = [*next(csv.reader([text], delimiter=self.separator, skipinitialspace=True), []), *behind]
                if self._fits(inner):
                    yield self._row(line, line, inner)

    @property
    def _no_text(self) -> re.Pattern[str]:
        return _NO_UTF16 if self.encoding.startswith("utf-16") else _NO_TEXT


def list_files(folder: Path, setting: str) -> list[Path]:
    """The files of a folder, by name, but for hidden ones.

    Raises PermanentSourceError when it is not there, and for a name that must not be written down: the names of files
    land with their rows, and are told wherever something is told of them.
    """
    try:
        files = sorted(folder.iterdir())
    except OSError as error:
        message = f"folder {folder} cannot be read ({error.strerror}); check {setting}"
        raise PermanentSourceError(message) from None
    found = [path for path in files if path.is_file() and not path.name.startswith((".", "~$"))]
    for place, path in enumerate(found, start=1):
        if reads_as_contact(path.stem):
            message = (
                f"folder {folder}: file {place} of {len(found)} by name has a name that reads like somebody's contact "
                "details, and names land; rename the file"
            )
            raise PermanentSourceError(message)
    return found


def open_delimited(path: Path, header: Header) -> DelimitedFile:
    """Find encoding and separator, and hold the header to its contract.

    Header cells are compared without case, spaces being alike. Raises PermanentSourceError naming file, column, and
    what was found instead.
    """
    encoding = _encoding(path)
    with _open(path, encoding) as file:
        sample = file.read(_SAMPLE)
    first = next((line for line in io.StringIO(sample, newline="") if line.strip(_BLANK)), "")
    declared = _SEPARATOR_LINE.fullmatch(first.rstrip("\r\n"))
    candidates = {
        separator: _column_names(sample, separator) for separator in ((declared[1],) if declared else SEPARATORS)
    }
    separator = max(candidates, key=lambda candidate: len(set(candidates[candidate]) & set(header.required)))
    columns = candidates[separator]
    missing = [column for column in header.required if column not in columns]
    if len(missing) == len(header.required):
        # Perhaps no header at all but a first row, and what a row holds belongs in no message.
        message = (
            f"{path.name}: the first line names none of the columns {', '.join(header.required)}; "
            "export the file with its header"
        )
        raise PermanentSourceError(message)
    if missing:
        found = ", ".join(shown(name) for name in columns if name)[:200]
        message = f"{path.name}: column {missing[0]} is missing; the header has: {found}. Export it with that column"
        raise PermanentSourceError(message)
    if header.data_named is not None and not any(header.data_named.fullmatch(name) for name in columns):
        message = (
            f"{path.name}: no column but {', '.join(header.required)} is named as its publisher names them; "
            "export it in the publisher's own layout"
        )
        raise PermanentSourceError(message)
    twice = [name for name in columns if header.reads(name) and columns.count(name) > 1]
    if twice:
        message = f"{path.name}: column {twice[0]} stands twice in the header; only one may stay"
        raise PermanentSourceError(message)
    return DelimitedFile(path, encoding, separator, columns, header)


def shown(column: str) -> str:
    """A column's name as far as it fits into a line of a message, and is not somebody's address."""
    if reads_as_contact(column):
        return f"({len(column)} letters that read like somebody's contact details)"
    return "".join(letter for letter in column if letter.isprintable())[:64]


def _column_names(sample: str, separator: str) -> tuple[str, ...]:
    reader = csv.reader(_lines(io.StringIO(sample, newline="")), delimiter=separator, skipinitialspace=True)
    try:
        fields = next((record for record in reader if any(cell.strip(_BLANK) for cell in record)), [])
    except csv.Error:
        return ()
    names = [" ".join(field.strip(_INVISIBLE).split()).lower() for field in fields]
    while names and not names[-1]:
        names.pop()
    return tuple(names)


def _lines(file: Iterable[str]) -> Iterator[str]:
    """The lines of a text with Excel's `sep=` line made blank, so that lines keep their numbers, and a mark behind."""
    begun = False
    for line in file:
        if not begun and line.strip(_BLANK):
            begun = True
            if _SEPARATOR_LINE.fullmatch(line.rstrip("\r\n")):
                yield "\n"
                continue
        yield line
    yield _END


def _open(path: Path, encoding: str) -> TextIO:
    """Bytes that are no text stay visible: as surrogates, or in UTF-16 as replacement characters."""
    errors = "replace" if encoding.startswith("utf-16") else "surrogateescape"
    return path.open(encoding=encoding, errors=errors, newline="")


def _encoding(path: Path) -> str:
    """UTF-16 by its mark or its zero bytes, UTF-8 by its mark or its letters, else the spreadsheet's cp1252."""
    try:
        with path.open("rb") as file:
            start = file.read(4)
        if not start:
            message = f"{path.name} is empty: not even a header; export it again or take it out of the folder"
            raise PermanentSourceError(message)
        for mark, kind in _ARCHIVES.items():
            if start.startswith(mark):
                message = f"{path.name} is {kind}, which is not unpacked here; put the CSV file itself into the folder"
                raise PermanentSourceError(message)
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        if start.startswith(codecs.BOM_UTF8):
            return "utf-8-sig"
        # Names of columns are ASCII, so every second byte of an unmarked UTF-16 header is zero.
        if start[1::2] == b"\0\0":
            return "utf-16-le"
        if start[::2] == b"\0\0":
            return "utf-16-be"
        return "utf-8" if _is_utf8(path) else "cp1252"
    except OSError as error:
        message = f"{path.name} cannot be read ({error.strerror}); check the file's permissions"
        raise PermanentSourceError(message) from None


def _is_utf8(path: Path) -> bool:
    """Whether a file is UTF-8, if perhaps a damaged one: more of its letters beyond ASCII are sound than broken.

    In cp1252 hardly any are: an umlaut followed by an ASCII letter is never UTF-8.
    """
    beyond = broken = 0
    with _open(path, "utf-8") as file:
        while chunk := file.read(_CHUNK):
            if not chunk.isascii():
                beyond += sum(letter > "\x7f" for letter in chunk)
                broken += len(_NO_TEXT.findall(chunk))
    return broken == 0 or beyond - broken > broken
