"""New ids for an erased account's money: random, of the same shape, in the same order, and forgotten when done.

Belongs here: making them, and the plan that lets a killed rewriting go on with the same ones. Does not: where ids stand
(stripe_ids), the lake (rewriting).
"""

from __future__ import annotations

import json
import secrets
import string
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from ingestion.lake import sync

PLAN_FILE = "unfinished.json"
# What is shorter could be hit by chance.
SHORTEST = 24
_ALPHABET = string.digits + string.ascii_letters

RandomText = Callable[[int], str]


def random_text(length: int) -> str:
    """Letters and digits that nobody can foretell."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


@dataclass
class Plan:
    """What a rewriting has to remember until it is done: new ids by old, new account ids by customer, ids of rows.

    `row_ids`: those that other rows are known by (see Related). Kept in a file only while the lake is being rewritten;
    its removal is what makes the new ids lead nowhere.
    """

    ids: dict[str, str] = field(default_factory=dict)
    accounts: dict[str, str] = field(default_factory=dict)
    row_ids: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, folder: Path) -> Plan:
        """What a killed rewriting has left, else an empty plan."""
        path = folder / PLAN_FILE
        return cls(**json.loads(path.read_text(encoding="utf-8"))) if path.exists() else cls()

    def write(self, folder: Path) -> None:
        """Put it on the disk; nothing may be rewritten before."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / PLAN_FILE
        aside = path.with_suffix(".tmp")
        aside.write_text(json.dumps(asdict(self)), encoding="utf-8")
        sync(aside)
        aside.replace(path)
        sync(folder)

    def add(self, customers: dict[str, str], stripe_ids: Iterable[str], random: RandomText = random_text) -> None:
        """Give what has none yet a new id: one account id for all customers of an account.

        Ids of a kind keep their order, for the models break ties by it; customers are told apart by theirs.
        """
        by_account: dict[str, str] = {}
        for customer, account in sorted(customers.items()):
            if customer not in self.accounts:
                by_account.setdefault(account, f"erased_{random(SHORTEST)}")
                self.accounts[customer] = by_account[account]
        by_kind: defaultdict[str, list[str]] = defaultdict(list)
        for old in sorted(set(stripe_ids) - self.ids.keys()):
            by_kind[old[: old.rfind("_") + 1]].append(old)
        for kind, olds in by_kind.items():
            length = max(SHORTEST, *(len(old) - len(kind) for old in olds))
            news = sorted(random(length) for _ in olds)
            self.ids.update((old, kind + new) for old, new in zip(olds, news, strict=True))


def forget_plan(folder: Path) -> None:
    """The lake is rewritten: from here on nobody can tell whose the new ids are."""
    (folder / PLAN_FILE).unlink(missing_ok=True)
