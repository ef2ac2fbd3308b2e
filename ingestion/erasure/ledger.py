"""The ledger of erasures: who must stay out, for ever, by keyed tokens alone.

It lies outside the lake (`<data>/erasures/ledger.jsonl`), so that a lake that is put back from a backup is held to it.
Each line names the hash of the line before: a line that was taken out or changed is noticed.

Belongs here: the file, and what it says. Does not: how an id is compared with it (subjects), the lake (rewriting).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ingestion.erasure.keyring import KINDS, Kind
from ingestion.lake import sync
from ingestion.retry import PermanentSourceError

LEDGER_FILE = "ledger.jsonl"
# Before the first entry.
EMPTY_HEAD = "0" * 64

Tokens = Mapping[Kind, frozenset[str]]


@dataclass(frozen=True)
class Entry:
    """One line: tokens that joined the ledger in a request, at an instant. `sha256` is over the line and all before."""

    request_id: str
    at: datetime
    tokens: Tokens
    previous: str

    def to_json(self) -> str:
        """The line, without its end."""
        body = {
            "request": self.request_id,
            "at": self.at.astimezone(UTC).isoformat(),
            "tokens": {kind: sorted(self.tokens[kind]) for kind in KINDS if self.tokens.get(kind)},
            "previous": self.previous,
        }
        return json.dumps(body, separators=(",", ":"))

    @property
    def sha256(self) -> str:
        """Hex SHA-256 of the line as it is written."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    @classmethod
    def from_json(cls, line: str) -> Entry:
        """Read what `to_json` wrote. Raises ValueError, KeyError or TypeError when it is not that."""
        body = json.loads(line)
        tokens: dict[Kind, frozenset[str]] = {kind: frozenset(body["tokens"].get(kind, ())) for kind in KINDS}
        return cls(body["request"], datetime.fromisoformat(body["at"]), tokens, body["previous"])


@dataclass(frozen=True)
class Ledger:
    """All entries, oldest first."""

    folder: Path
    entries: tuple[Entry, ...]

    @classmethod
    def read(cls, folder: Path) -> Ledger:
        """The ledger in `folder`, empty when there is none.

        Raises PermanentSourceError when a line cannot be read or does not follow from the one before.
        """
        path = folder / LEDGER_FILE
        if not path.exists():
            return cls(folder, ())
        entries: list[Entry] = []
        head = EMPTY_HEAD
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            try:
                entry = Entry.from_json(line)
            except (ValueError, KeyError, TypeError):
                entry = None
            if entry is None or entry.previous != head or entry.to_json() != line:
                message = (
                    f"{path} line {number} was changed or does not follow from the line before: whom it names would "
                    "come back. Put the file back from its backup"
                )
                raise PermanentSourceError(message)
            entries.append(entry)
            head = entry.sha256
        return cls(folder, tuple(entries))

    @property
    def head(self) -> str:
        """The hash of the newest line."""
        return self.entries[-1].sha256 if self.entries else EMPTY_HEAD

    @property
    def tokens(self) -> Tokens:
        """Every token, by kind."""
        return {kind: frozenset().union(*(entry.tokens[kind] for entry in self.entries)) for kind in KINDS}

    def up_to(self, head: str | None) -> Ledger:
        """The ledger as it was when its newest line had this hash; empty if it never was."""
        heads = [entry.sha256 for entry in self.entries]
        return Ledger(self.folder, self.entries[: heads.index(head) + 1] if head in heads else ())

    def holding(self, request_id: str, at: datetime, tokens: Mapping[Kind, Collection[str]]) -> Ledger:
        """The ledger with the tokens it does not hold yet, in memory alone; itself when there are none."""
        known = self.tokens
        new: dict[Kind, frozenset[str]] = {kind: frozenset(tokens.get(kind, ())) - known[kind] for kind in KINDS}
        if not any(new.values()):
            return self
        return Ledger(self.folder, (*self.entries, Entry(request_id, at, new, self.head)))

    def extended(self, request_id: str, at: datetime, tokens: Mapping[Kind, Collection[str]]) -> Ledger:
        """As `holding`, written to the disk whole before it is returned."""
        longer = self.holding(request_id, at, tokens)
        if longer is self:
            return self
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / LEDGER_FILE
        aside = path.with_suffix(".tmp")
        aside.write_text("".join(f"{entry.to_json()}\n" for entry in longer.entries), encoding="utf-8")
        sync(aside)
        aside.replace(path)
        sync(self.folder)
        return longer
