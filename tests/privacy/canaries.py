"""Personal data of people who do not exist, and the ways in which a value can be written.

Belongs here: what is planted and looked for. Does not: where it is planted (planting), how it is found (decoding).
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True)
class Canary:
    """One person's datum. `traces`: parts of it that give it away alone, as lower-case letters and digits only."""

    kind: str
    text: str
    traces: tuple[str, ...]
    spellings: tuple[str, ...] = ()

    @property
    def written(self) -> tuple[str, ...]:
        """Every way in which people write it."""
        return (self.text, *self.spellings)


EMAIL = Canary("e-mail", "mirabel.quennell@plover-post.example", ("mirabelquennell", "ploverpost"))
NAME = Canary("name", "Ottokar Wiesengrund-Flohr", ("wiesengrund",), ("Wiesengrund-Flohr, Ottokar",))
PHONE = Canary(
    "phone", "+49 5631 84027719", ("563184027719",), ("+49-5631-8402-7719", "+49 (5631) 840 277 19", "05631 840 277 19")
)
IPV4 = Canary("IPv4", "198.51.233.187", ("19851233187",))
IPV6 = Canary("IPv6", "2001:db8:7f3a:1c9e:5d2b:84a6:e03f:91c7", ("7f3a1c9e5d2b84a6e03f91c7",))
IBAN = Canary("IBAN", "DE83 5001 0517 8462 9317 05", ("500105178462931705",), ("DE83500105178462931705",))
SENTENCE = Canary(
    "free text",
    "my landlord must never learn that I asked about the cellar",
    ("landlordmustneverlearn", "askedaboutthecellar"),
)

CANARIES = (EMAIL, NAME, PHONE, IPV4, IPV6, IBAN, SENTENCE)
# What the border knows when it sees it, in fields where people may write words.
CONTACTS = (EMAIL, PHONE, IPV4, IPV6, IBAN)

# A name that is written like a label: the border cannot know that it is one (docs/privacy.md).
LABEL_LIKE = Canary("label-like name", "berta lapwinger", ("lapwinger",))


def _percent(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _json_escaped(text: str) -> str:
    return "".join(f"\\u{ord(letter):04x}" for letter in text)


def _full_width(text: str) -> str:
    return "".join(chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter for letter in text)


# From a text to a text, so that each fits into any container.
ENCODINGS: Mapping[str, Callable[[str], str]] = {
    "plain": str,
    "upper case": str.upper,
    "lower case": str.lower,
    "percent-encoded": lambda text: quote(text, safe=""),
    "percent-encoded whole": _percent,
    "percent-encoded twice": lambda text: quote(quote(text, safe=""), safe=""),
    "base64": _base64,
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "base64 of percent-encoded": lambda text: _base64(quote(text, safe="")),
    "base64 of UTF-16": lambda text: base64.b64encode(text.encode("utf-16")).decode(),
    "hexadecimal": lambda text: text.encode().hex(),
    "hexadecimal capitals": lambda text: text.encode().hex().upper(),
    "hexadecimal of UTF-16": lambda text: text.encode("utf-16-le").hex(),
    "HTML entities": lambda text: "".join(f"&#{ord(letter)};" for letter in text),
    "HTML entities, hexadecimal": lambda text: "".join(f"&#x{ord(letter):x};" for letter in text),
    "JSON escapes": _json_escaped,
    "JSON escapes, twice": lambda text: _json_escaped(text).replace("\\", "\\\\"),
    "full-width": _full_width,
}

# Ways that only make sense for looking, not for planting where values are read by machines.
DISGUISES: Mapping[str, Callable[[str], str]] = {
    "spaced out": " ".join,
    "dashed": "-".join,
    "base64 behind a word": lambda text: f"campaign_{_base64(text)}",
    "tags between": lambda text: "<b>" + "</b><b>".join(text) + "</b>",
    "broken over lines": lambda text: "\n".join(text[start : start + 5] for start in range(0, len(text), 5)),
}
