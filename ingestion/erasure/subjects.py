"""Recognising the erased: rows of the app and objects of Stripe, at the border and in the lake alike.

Belongs here: comparing ids with the ledger's tokens. Does not: what becomes of a row that is theirs (the sources leave
it out, rewriting takes it out or changes its ids).
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.erasure.keyring import KeyRing, Kind, key_id_of
from ingestion.erasure.ledger import Tokens
from ingestion.privacy import map_distinct

# Columns of the app's tables that name a subject. `visitor_id` stands in the source, `visitor_token` in the lake.
_COLUMNS: tuple[tuple[str, Kind], ...] = (
    ("account_id", "account"),
    ("agent_id", "agent"),
    ("conversation_id", "conversation"),
    ("visitor_id", "visitor"),
)
# Whose `id` is the account or the agent itself.
_OWN_ID: dict[str, Kind] = {"accounts": "account", "agents": "agent"}
_BELONGING: tuple[Kind, ...] = ("account", "agent", "visitor")


@dataclass
class ErasedSubjects:
    """Everybody of one ledger, and what is seen of theirs while a run reads: `found` was in no entry yet.

    A conversation is erased whole: whoever else speaks in it, its events tell of the visitor who is gone.
    """

    keys: KeyRing
    tokens: Tokens
    found: dict[Kind, set[str]] = field(default_factory=dict)
    _joined: dict[Kind, set[str]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self.keys.require(self.tokens)
        self._visitors = self.tokens.get("visitor", frozenset())
        self._digests = {
            bytes.fromhex(token.rpartition("_")[2]) for of_kind in self.tokens.values() for token in of_kind
        }
        self._key_ids = {kind: {key_id_of(token) for token in tokens} for kind, tokens in self.tokens.items()}

    def __bool__(self) -> bool:
        return any(self.tokens.values())

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the lake's app tables that can name one of them; the others need not be read."""
        kinds = {kind for kind, tokens in self.tokens.items() if tokens}
        named = {"visitor": ("visitor_token",), "account": ("account_id", "agent_id"), "agent": ("agent_id",)}
        columns = {column for kind in kinds for column in named.get(kind, ())}
        return (*sorted(columns), "conversation_id")

    def holds(self, kind: Kind, value: str) -> bool:
        """Whether this id is erased."""
        if value in self._joined.get(kind, ()):
            return True
        tokens = self.tokens.get(kind, frozenset())
        if not tokens:
            return False
        return any(token in tokens for token in self.keys.tokens(kind, value, self._key_ids[kind]))

    def names_one(self, words: Iterable[str]) -> bool:
        """Whether one of these words is the id of somebody erased, of whatever kind, or a visitor's token."""
        kinds = [kind for kind, tokens in self.tokens.items() if tokens]
        prefixes = [
            (key.secret, b"" if kind == "visitor" else f"{kind}:".encode()) for key in self.keys.keys for kind in kinds
        ]
        for word in words:
            if word in self._visitors:
                return True
            text = word.encode()
            # Millions of words: a digest each and kind, and nothing else.
            for secret, prefix in prefixes:
                if hmac.digest(secret, prefix + text, "sha256") in self._digests:
                    return True
        return False

    def join(self, kind: Kind, values: Iterable[str]) -> None:
        """Count these ids among the erased from now on."""
        for value in values:
            if not self.holds(kind, value):
                self._joined.setdefault(kind, set()).add(value)
                self.found.setdefault(kind, set()).update(self.keys.tokens(kind, value, self.keys.ids[:1]))

    def rows(self, table: str, batch: pa.RecordBatch | pa.Table) -> pa.Array:
        """For which rows of an app table the ids are those of somebody erased (a boolean array without NULL).

        The conversations of those rows join the erased first, so that one event of a visitor tells all of its
        conversation in the batch. Agents join by the app's own table of them alone: an event may name another's.
        """
        return pc.or_(self.learn(table, batch), self._any(table, batch, ("conversation",)))

    def learn(self, table: str, batch: pa.RecordBatch | pa.Table) -> pa.Array:
        """As `rows`, but for the rows alone that name somebody erased themselves, and not by their conversation."""
        theirs = self._any(table, batch, _BELONGING)
        if "conversation_id" in batch.schema.names:
            self.join("conversation", _values(batch["conversation_id"].filter(theirs)))
        if table == "agents":
            self.join("agent", _values(batch["id"].filter(theirs)))
        return theirs

    def without(self, table: str, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch as it lands: the rows of the erased left out, as if the source had never had them."""
        return self.without_claims(batch.filter(pc.invert(self.rows(table, batch)))) if self else batch

    def claims(self, batch: pa.RecordBatch | pa.Table) -> pa.Array:
        """Which accounts name a Stripe customer of somebody erased as theirs (a boolean array without NULL)."""
        if "stripe_customer_id" not in batch.schema.names:
            return pa.repeat(pa.scalar(False), batch.num_rows)
        return _where(batch["stripe_customer_id"], partial(self.holds, "stripe"))

    def without_claims(self, batch: pa.RecordBatch | pa.Table) -> pa.RecordBatch | pa.Table:
        """The rows with those customers NULL: two accounts may name one, and only the one it belonged to is gone."""
        claims = self.claims(batch)
        if not claims.true_count:
            return batch
        position = batch.schema.get_field_index("stripe_customer_id")
        cleared = pc.if_else(claims, None, _whole(batch["stripe_customer_id"]))
        return batch.set_column(position, batch.schema.field(position), cleared)

    def owns(self, ids: Iterable[str], *, is_theirs: bool = False) -> bool:
        """Whether one of the ids of a Stripe object is erased, or `is_theirs` by what else it says.

        All its ids are erased from then on.
        """
        named = list(ids)
        if not is_theirs and not any(self.holds("stripe", one) for one in named):
            return False
        self.join("stripe", named)
        return True

    def _any(self, table: str, batch: pa.RecordBatch | pa.Table, kinds: tuple[Kind, ...]) -> pa.Array:
        found = pa.repeat(pa.scalar(False), batch.num_rows)
        columns = [(column, kind) for column, kind in _COLUMNS if column in batch.schema.names]
        if table in _OWN_ID:
            columns.append(("id", _OWN_ID[table]))
        for column, kind in columns:
            if kind in kinds and (self.tokens.get(kind) or kind in self._joined):
                found = pc.or_(found, _where(batch[column], partial(self.holds, kind)))
        if "visitor" in kinds and "visitor_token" in batch.schema.names:
            found = pc.or_(found, _where(batch["visitor_token"], self._visitors.__contains__))
        return found


def _where(values: pa.Array | pa.ChunkedArray, holds: Callable[[str], bool]) -> pa.Array:
    """Rows whose value is held; asked once a distinct value, for Arrow would make its set of them for every batch."""
    marked = map_distinct(_whole(values), lambda value: "x" if value and holds(value) else None)
    return pc.is_valid(marked)


def _whole(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values


def _values(values: pa.Array | pa.ChunkedArray) -> list[str]:
    return [value for value in pc.unique(values).to_pylist() if value]
