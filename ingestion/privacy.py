"""What may cross the border: keyed tokens, value patterns, hosts of referrers.

Belongs here: turning a column of the source into one that may land, and counting what was not allowed. Does not: which
columns and fields are asked for (each source's SELECT list or allow-list).
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.personal import reads_as_contact, reads_as_phone_number, reads_as_wrapped_text
from ingestion.retry import PermanentSourceError

# A shorter secret can be found by trying: whoever has a token and a visitor's id then has the others too.
GUESSABLE_BELOW = 16

LABEL = r"^[A-Za-z0-9_.:/ -]{1,64}$"
_PERSONAL = r"[0-9]{7}|@"
_MAX_NAME = 255
# What a person may be shown of a row that did not land: one word, in which bytes that are no text show as such.
_SHOWABLE_KEY = re.compile("[\\w.:\N{REPLACEMENT CHARACTER}-]{1,255}")
_KEY_ID = re.compile(r"[A-Za-z0-9-]{1,32}")
_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9])?)*")
_ALL_DIGITS = re.compile(r"[0-9.]+")


@dataclass(frozen=True, slots=True)
class PseudonymKey:
    """The key of the tokens: `id` is public and stands in front of every token, `secret` never leaves."""

    id: str
    secret: bytes = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> PseudonymKey:
        """Read `<key id>:<secret>`. Raises PermanentSourceError without repeating the value."""
        key_id, separator, secret = text.partition(":")
        if not separator or not secret or not _KEY_ID.fullmatch(key_id):
            message = "NETVEXA_PSEUDONYM_KEY must be <key id>:<secret>, the id of letters, digits and '-' only"
            raise PermanentSourceError(message)
        return cls(key_id, secret.encode())

    @property
    def is_guessable(self) -> bool:
        """Whether the secret is too short to protect what it hides."""
        return len(self.secret) < GUESSABLE_BELOW

    def tokens(self, values: pa.Array) -> pa.Array:
        """`<key id>_<hex>` for each value: HMAC-SHA-256, NULL and empty stay NULL.

        Each distinct value of the batch is hashed once.
        """

        def token(value: str) -> str | None:
            if not value:
                return None
            return f"{self.id}_{hmac.digest(self.secret, value.encode(), 'sha256').hex()}"

        return map_distinct(values, token)


def map_distinct(values: pa.Array, function: Callable[[str], str | None]) -> pa.Array:
    """Apply `function` to each distinct value of a text column; NULL stays NULL."""
    encoded = pc.dictionary_encode(values)
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.unify_dictionaries().combine_chunks()
    mapped = pa.array([function(value) for value in encoded.dictionary.to_pylist()], pa.string())
    return mapped.take(encoded.indices)


@dataclass(frozen=True, slots=True)
class Kept:
    """A column after its border check: `values` with what may not land NULL, `lost` true where that happened."""

    values: pa.Array
    lost: pa.Array


def kept(before: pa.Array, after: pa.Array) -> Kept:
    """Pair a checked column with the rows where it lost a value."""
    return Kept(after, pc.and_not(pc.is_valid(before), pc.is_valid(after)))


def blank_as_null(values: pa.Array) -> pa.Array:
    """An empty text is no value: it becomes NULL without counting as lost."""
    return pc.if_else(pc.equal(values, ""), None, values)


def keep_labels(values: pa.Array) -> Kept:
    """Keep values that look like labels: `[A-Za-z0-9_.:/ -]{1,64}`, no run of 7 digits, nobody's contact details."""
    labels = keep_matching(values, LABEL, forbidden=_PERSONAL)
    return kept(
        blank_as_null(values), map_distinct(labels.values, lambda label: None if _is_personal(label) else label)
    )


def _is_personal(label: str) -> bool:
    return reads_as_contact(label) or reads_as_phone_number(label)


def keep_matching(values: pa.Array, pattern: str, forbidden: str | None = None) -> Kept:
    """Keep values that match `pattern` (RE2) and do not hold `forbidden`."""
    present = blank_as_null(values)
    allowed = pc.match_substring_regex(present, pattern)
    if forbidden is not None:
        allowed = pc.and_not(allowed, pc.match_substring_regex(present, forbidden))
    return kept(present, pc.if_else(pc.fill_null(allowed, False), present, None))


def keep_referrer_hosts(values: pa.Array) -> Kept:
    """The host of each referrer, lower case."""
    present = blank_as_null(values)
    return kept(present, map_distinct(present, referrer_host))


def is_impersonal(text: str) -> bool:
    """Whether a name that a person typed may land: at most 255 characters, no run of 7 digits, no contact details."""
    return 0 < len(text) <= _MAX_NAME and not re.search(_PERSONAL, text) and not _is_personal(text)


def showable_key(key: str | None) -> str | None:
    """The key of a row that does not land, to find it again by: only what is written like an id, and holds no text."""
    return key if key and _SHOWABLE_KEY.fullmatch(key) and is_plain_id(key) else None


def is_plain_id(text: str) -> bool:
    """Whether an id that a person may have typed is nobody's contact details, in capitals neither, nor coded text."""
    return not (reads_as_contact(text) or reads_as_contact(text.upper()) or reads_as_wrapped_text(text))


def referrer_host(referrer: str) -> str | None:
    """`https://www.Google.com/search?q=…` → `www.google.com`; None for addresses of people and of machines."""
    referrer = referrer.strip()
    try:
        parts = urlsplit(referrer if "://" in referrer else f"//{referrer}")
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return None
    if "@" in parts.netloc or not _HOST.fullmatch(host) or _ALL_DIGITS.fullmatch(host):
        return None
    return host if is_plain_id(host) else None
