"""Recognising a person's contact details in a short text, however they are written.

Belongs here: what an e-mail address, a telephone number, an IP address and an IBAN look like, plain, escaped or
encoded. Does not: which columns are asked, or what becomes of them (privacy, the sources). Names and sentences cannot
be recognised: only not asking for a column keeps them out.
"""

from __future__ import annotations

import base64
import binascii
import html
import ipaddress
import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import unquote

# An encoding within an encoding; deeper than this nobody wraps a value by accident.
_DEPTH = 2

# Cuts at what parts words, and keeps what IPv6 addresses are written with.
_WORD = re.compile(r"[^\s/,;\[\]()<>\"'|=]+")
_EMAIL = re.compile(r"[^\s@<>]+@[^\s@<>.]+(?:\.[^\s@<>.]+)+")
_IPV4 = re.compile(r"(?<![0-9.])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![0-9])")
# In capitals, or as printed in groups of four. In small letters and hyphens UUIDs would do, one in two thousand.
_IBAN = re.compile(
    r"(?<![A-Z0-9])[A-Z]{2}[0-9]{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,3})?(?![A-Za-z0-9])"
    r"|(?<![A-Za-z0-9])[A-Za-z]{2}[0-9]{2}(?: [A-Za-z0-9]{4}){2,7}(?: [A-Za-z0-9]{1,3})?(?![A-Za-z0-9])"
)
_INTERNATIONAL = re.compile(r"\+[ ./()-]?[1-9](?:[ ./()-]{0,2}[0-9]){6,14}(?![0-9])")
# Digits in groups, as people write the numbers of telephones. The parts of a date are no groups of one.
_GROUPS = re.compile(r"[0-9]+(?:[ ./-][0-9]+)+")
_DATE = re.compile(
    r"(?<![0-9])(?:(?:19|20)[0-9]{2}([ ./-])[0-9]{1,2}\1[0-9]{1,2}"
    r"|[0-9]{1,2}([ ./-])[0-9]{1,2}\2(?:19|20)[0-9]{2})(?![0-9])"
)
_LEAST_GROUPED_DIGITS = 9
_LEAST_CODED_DIGITS = 7

_ESCAPE = re.compile(r"\\+u([0-9A-Fa-f]{4})|\\+x([0-9A-Fa-f]{2})")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{12,}={0,2}")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}){8,}")


def reads_as_contact(text: str) -> bool:
    """Whether a text unmistakably holds an e-mail address, an IP address, an IBAN or an international phone number.

    Escaped (percent, HTML, JSON), encoded (base64, hexadecimal, UTF-16) and full-width spellings are read as well.
    """
    return any(_is_contact(reading) for reading in _readings(text, _DEPTH))


def reads_as_email(text: str) -> bool:
    """Whether a text holds an e-mail address, however it is written: all that can be asked of an id."""
    return any(_EMAIL.search(reading) for reading in _readings(text, _DEPTH))


def reads_as_phone_number(text: str) -> bool:
    """Whether a text holds nine digits or more in groups that are no dates.

    For labels only: ids, dates and names of files are written like that, too.
    """
    return any(
        sum(map(str.isdigit, groups)) >= _LEAST_GROUPED_DIGITS
        for reading in _readings(text, _DEPTH)
        for groups in _GROUPS.findall(_DATE.sub("|", reading))
    )


def reads_as_wrapped_text(text: str) -> bool:
    """Whether a word is base64 or hexadecimal of text: no id is, and what it says may be anybody's name."""
    return any(True for _ in _unpacked(text, 0))


def _is_contact(text: str) -> bool:
    return bool(_EMAIL.search(text) or _INTERNATIONAL.search(text)) or _holds_ip_address(text) or _holds_iban(text)


def _holds_ip_address(text: str) -> bool:
    words = (word.strip(".:") if word.count(":") < 2 else word for word in _WORD.findall(text) if ":" in word)  # noqa: PLR2004
    return any(map(_is_ip_address, [*_IPV4.findall(text), *words]))


def _is_ip_address(word: str) -> bool:
    try:
        # `::` alone is nobody's.
        return not ipaddress.ip_address(word.partition("%")[0]).is_unspecified
    except ValueError:
        return False


def _holds_iban(text: str) -> bool:
    return any(_is_iban(re.sub(r"[ -]", "", match)) for match in _IBAN.findall(text))


def _is_iban(letters: str) -> bool:
    """ISO 13616: the check digits make the whole 1 modulo 97, letters counting from A = 10."""
    return int("".join(str(int(letter, 36)) for letter in letters[4:] + letters[:4])) % 97 == 1


def _readings(text: str, depth: int) -> Iterator[str]:
    """The text and what it says once unescaped or decoded, as far as that is text."""
    folded = unicodedata.normalize("NFKC", text)
    yield folded
    if depth == 0:
        return
    for unwrapped in (unquote(folded), html.unescape(folded), _ESCAPE.sub(_escaped, folded)):
        if unwrapped != folded:
            yield from _readings(unwrapped, depth - 1)
    yield from _unpacked(folded, depth - 1)


def _unpacked(text: str, depth: int) -> Iterator[str]:
    """What its words say where they are base64 or hexadecimal of text.

    A word of digits alone is a number, unless it says digits again as coded telephone numbers do: an id of 18 digits
    reads as text by chance once in a hundred times.
    """
    for pattern, decode in ((_BASE64, _from_base64), (_HEX, bytes.fromhex)):
        for token in pattern.findall(text):
            for reading in _decoded(decode(token), depth):
                if not token.isdigit() or sum(map(str.isdigit, reading)) >= _LEAST_CODED_DIGITS:
                    yield reading


def _escaped(match: re.Match[str]) -> str:
    return chr(int(match[1] or match[2], 16))


def _from_base64(token: str) -> bytes:
    letters = token.rstrip("=").translate(str.maketrans("-_", "+/"))
    try:
        return base64.b64decode(letters + "=" * (-len(letters) % 4))
    except binascii.Error:
        return b""


def _decoded(data: bytes, depth: int) -> Iterator[str]:
    """Readings of bytes that are printable text in UTF-8 or UTF-16; a random word's bytes hardly ever are."""
    for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        text = text.removeprefix("\ufeff")
        if text and text.isprintable() and (encoding == "utf-8" or text.isascii()):
            yield from _readings(text, depth)
