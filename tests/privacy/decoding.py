"""What bytes say, however often they are wrapped: the canaries of which a trace can be read in them.

Belongs here: unwrapping and comparing. Does not: opening files (containers). It shares nothing with the border's own
recognition of contact details: what one of the two overlooks, the other must not.
"""

from __future__ import annotations

import base64
import html
import re
import string
import unicodedata
from collections.abc import Iterator, Sequence

from tests.privacy.canaries import Canary

DEPTH = 3

_KEPT = (string.ascii_letters + string.digits).encode()
_LOWER = bytes(range(256)).lower()
_DROPPED = bytes(byte for byte in range(256) if byte not in _KEPT)

_PERCENT = re.compile(rb"%([0-9A-Fa-f]{2})")
_ESCAPE = re.compile(rb"\\+(?:u00|x)([0-9A-Fa-f]{2})")
_BREAK = re.compile(rb"\\+[nrt]")
_WIDE_ESCAPE = re.compile(rb"\\+u([0-9A-Fa-f]{4})")
_TAG = re.compile(rb"<[^<>]{0,200}>")
_WIDE = {"utf-8": (b"\xef\xbc", b"\xef\xbd"), "utf-16-le": (b"\xff",), "utf-16-be": (b"\xff",)}
# Long enough to hold the shortest trace; full-width letters in UTF-8 are text, too.
_TEXT = re.compile(rb"(?:[ -~\t\r\n]|\xef[\xbc\xbd][\x80-\xbf]){9,}")
# Shorter words cannot hold a trace.
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{12,}")
_HEX = re.compile(rb"[0-9A-Fa-f]{16,}")
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")


def kinds_in(data: bytes, canaries: Sequence[Canary], depth: int = DEPTH) -> set[str]:
    """The kinds of the canaries that can be read in some bytes."""
    traces = [(trace.encode(), canary.kind) for canary in canaries for trace in canary.traces]
    return _kinds(data, traces, depth)


def text_in(data: bytes) -> bytes:
    """The parts of some bytes that are text, one after the other: most of what is packed or decodes is noise."""
    return b"\n".join(_TEXT.findall(data.replace(b"\0", b"")))


def _kinds(data: bytes, traces: Sequence[tuple[bytes, str]], depth: int) -> set[str]:
    if not data:
        return set()
    squeezed = data.translate(_LOWER, _DROPPED)
    found = {kind for trace, kind in traces if trace in squeezed}
    if depth:
        for unwrapped in _unwrapped(data):
            found |= _kinds(unwrapped, traces, depth - 1)
    return found


def _unwrapped(data: bytes) -> Iterator[bytes]:
    """Everything the bytes say one layer further in; nothing of what they already say as they are."""
    if b"\0" in data:
        yield data.replace(b"\0", b"")
    # Other forms of letters and digits, such as full-width ones: U+FF01 and on, in UTF-8 and in UTF-16.
    for encoding, marks in _WIDE.items():
        if any(mark in data for mark in marks):
            for shifted in (data, data[1:]) if encoding != "utf-8" else (data,):
                text = unicodedata.normalize("NFKC", shifted.decode(encoding, "ignore"))
                yield from _changed(data, text.encode("ascii", "ignore"))
    if b"%" in data:
        yield from _changed(data, _PERCENT.sub(_byte, data))
    if b"\\" in data:
        yield from _changed(data, _ESCAPE.sub(_byte, _BREAK.sub(b" ", data)))
        yield from _changed(data, _WIDE_ESCAPE.sub(_letter, data))
    if b"&" in data:
        yield from _changed(data, html.unescape(data.decode("utf-8", "replace")).encode())
    if b"<" in data:
        yield from _changed(data, _TAG.sub(b"", data))
    # What stands before the value may have shifted it by some letters.
    words, digits = _BASE64.findall(data), _HEX.findall(data)
    for offset in range(4):
        yield text_in(base64.b64decode(b"".join(_filled(word[offset:]) for word in words)))
    for offset in range(2):
        yield text_in(bytes.fromhex(b"".join(_even(word[offset:]) for word in digits).decode()))


def _changed(before: bytes, after: bytes) -> Iterator[bytes]:
    if after != before:
        yield after


def _byte(match: re.Match[bytes]) -> bytes:
    return bytes.fromhex(match[1].decode())


def _letter(match: re.Match[bytes]) -> bytes:
    return chr(int(match[1], 16)).encode("utf-8", "surrogatepass")


def _filled(word: bytes) -> bytes:
    """A word of base64 to its full length: what it ends with is read, and a letter of nothing behind it."""
    return word.translate(_TO_STANDARD) + b"A" * (-len(word) % 4)


def _even(word: bytes) -> bytes:
    return word[: len(word) - len(word) % 2]
