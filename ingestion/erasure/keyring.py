"""The keys that tokens were ever made with: the current one, and the retired ones that old tokens still need.

Belongs here: tokens of ids under those keys. Does not: which tokens are erased (ledger, subjects).
"""

from __future__ import annotations

import hmac
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ingestion.privacy import PseudonymKey
from ingestion.retry import PermanentSourceError

# What an erased id may be of. `stripe`: any id that Stripe gave to the account's own objects.
Kind = Literal["visitor", "conversation", "account", "agent", "stripe"]
KINDS: tuple[Kind, ...] = ("visitor", "conversation", "account", "agent", "stripe")


@dataclass(frozen=True)
class KeyRing:
    """The current key first, then the retired ones; no id twice."""

    keys: tuple[PseudonymKey, ...]

    @classmethod
    def parse(cls, current: str, retired: Sequence[str] = ()) -> KeyRing:
        """Read `<key id>:<secret>` each. Raises PermanentSourceError for an unreadable key or a key id given twice."""
        keys = tuple(PseudonymKey.parse(text) for text in (current, *retired))
        ids = [key.id for key in keys]
        twice = sorted({key_id for key_id in ids if ids.count(key_id) > 1})
        if twice:
            message = (
                f"key id {', '.join(twice)} stands twice among NETVEXA_PSEUDONYM_KEY and "
                "NETVEXA_PSEUDONYM_RETIRED_KEYS; give every secret an id of its own"
            )
            raise PermanentSourceError(message)
        return cls(keys)

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of the keys, the current one first."""
        return tuple(key.id for key in self.keys)

    def tokens(self, kind: Kind, value: str, key_ids: Collection[str] | None = None) -> list[str]:
        """The tokens of an id under every key, or under those named. A visitor's are the ones that land.

        Those of another kind begin with its name before they are hashed, so that equal ids of two kinds differ.
        """
        text = value if kind == "visitor" else f"{kind}:{value}"
        return [
            f"{key.id}_{hmac.digest(key.secret, text.encode(), 'sha256').hex()}"
            for key in self.keys
            if key_ids is None or key.id in key_ids
        ]

    def require(self, tokens: Mapping[Kind, Collection[str]]) -> None:
        """Raise PermanentSourceError when a token was made with a key that is not on the ring.

        Without its key an id cannot be compared with the token: whoever was erased would come back unnoticed.
        """
        missing = sorted({key_id_of(token) for of_kind in tokens.values() for token in of_kind} - set(self.ids))
        if missing:
            message = (
                f"the ledger of erasures holds tokens of key {', '.join(missing)}, which is not configured: an erased "
                "person would come back. Put <key id>:<secret> of it into NETVEXA_PSEUDONYM_RETIRED_KEYS"
            )
            raise PermanentSourceError(message)


def key_id_of(token: str) -> str:
    """`k1` of `k1_9f…`."""
    return token.rpartition("_")[0]
