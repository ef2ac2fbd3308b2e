"""Looking through folders for canaries, decoded.

Belongs here: walking, and what is reported of a find. Does not: files (containers), bytes (decoding).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from tests.privacy.canaries import CANARIES, Canary
from tests.privacy.containers import pieces
from tests.privacy.decoding import kinds_in, text_in

_LARGE = 16_384


@dataclass(frozen=True, order=True)
class Finding:
    """Where a canary was found: the file, the place in it (a column, a member; empty for the bytes as they are)."""

    file: str
    place: str
    kind: str


def scan(folder: Path, canaries: Sequence[Canary] = CANARIES) -> list[Finding]:
    """Every canary below a folder, in names and contents, ordered."""
    seen: dict[bytes, set[str]] = {}

    def kinds(data: bytes) -> set[str]:
        key = blake2b(data, digest_size=16).digest()
        if key not in seen:
            seen[key] = _kinds(data, canaries)
        return seen[key]

    def findings() -> Iterator[Finding]:
        for path in _files(folder):
            name = path.relative_to(folder).as_posix()
            yield from (Finding(name, "its name", kind) for kind in kinds(name.encode()))
            for place, data in pieces(path):
                yield from (Finding(name, place, kind) for kind in kinds(data))

    return sorted(set(findings()))


def scan_text(texts: Iterable[tuple[str, bytes]], canaries: Sequence[Canary] = CANARIES) -> list[Finding]:
    """The same of what is in no file: (its name, its bytes)."""
    return sorted(Finding(name, "", kind) for name, data in texts for kind in kinds_in(data, canaries))


def _kinds(data: bytes, canaries: Sequence[Canary]) -> set[str]:
    if len(data) <= _LARGE or b"\0" not in data[:_LARGE]:
        return kinds_in(data, canaries)
    # Unwrapping all of a large binary file would be unwrapping noise; whatever is text in it is unwrapped.
    return kinds_in(data, canaries, depth=0) | kinds_in(text_in(data), canaries)


def _files(folder: Path) -> list[Path]:
    """Regular files, by name; links lead to what stands elsewhere."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
