"""The ways a mart can be wrong, as queries over the mart as it was.

Belongs here: which mutants a mart has, made from its columns, types and rows alone. Does not: any name of a mart or of
a column, and whether anybody notices.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.mutation.night import UNBROKEN, Night

# A column of words with no more values than this, each met twice on average, tells sorts of rows apart; an id never.
MANY_SORTS = 20
SPOTS = 3


@dataclass(frozen=True)
class Variant:
    """One way to carry a mutation out: where, and the rows that the mart then has."""

    where: str
    query: str


@dataclass(frozen=True)
class Mutant:
    """One mutation of one mart. It is killed only if each of its variants is."""

    mart: str
    unique_id: str
    mutation: str
    column: str | None
    variants: tuple[Variant, ...]

    @property
    def name(self) -> str:
        return f"{self.mart}: {self.mutation}" + (f" {self.column}" if self.column else "")


class MartUnderTest:
    """One mart's columns and rows, numbered in the order of its grain, oldest first."""

    def __init__(self, night: Night, unique_id: str) -> None:
        self._night = night
        self.unique_id = unique_id
        self.mart = str(night.project.nodes[unique_id]["name"])
        self.unbroken = f"{UNBROKEN}.{self.mart}"
        relation = night.relation(unique_id)
        self.types = {name: str(kind) for name, kind, *_ in night.rows(f"describe {relation}")}
        self.key = night.project.key(unique_id) or tuple(self.types)
        self.size = int(night.rows(f"select count(*) from {self.unbroken}")[0][0])
        self.never_null = night.project.never_null(unique_id)

    # --- which rows -------------------------------------------------------------------------------------------------
    def spots(self, condition: str = "true") -> list[int]:
        """Row numbers: oldest, middle and newest, or one of each sort where the key has a column of sorts."""
        sorts = [column for column in self.key if self.is_sort(column)]
        if not sorts:
            numbers = [n for (n,) in self._rows(f"select _n from {self.unbroken} where {condition} order by _n")]
            return self._spread(numbers)
        found = []
        rows = self._rows(f"select {sorts[0]}, list(_n order by _n) from {self.unbroken} where {condition} group by 1")
        for position, (_, numbers) in enumerate(sorted(rows, key=lambda row: str(row[0]))):
            found.append(numbers[(0, len(numbers) // 2, -1)[position % SPOTS]])
        numbers = sorted(n for _, of_sort in rows for n in of_sort)
        return sorted({*found, *(self._spread(numbers) if len(found) < SPOTS else ())})

    @staticmethod
    def _spread(numbers: Sequence[int]) -> list[int]:
        return sorted({numbers[0], numbers[len(numbers) // 2], numbers[-1]}) if numbers else []

    def is_sort(self, column: str) -> bool:
        if self.types[column] != "VARCHAR" or column.endswith("_id"):
            return False
        (sorts,) = self._rows(f"select count(distinct {column}) from {self.unbroken}")[0]
        return 2 <= sorts <= MANY_SORTS and (self.size >= 2 * sorts or self.size <= MANY_SORTS)

    def _rows(self, sql: str) -> list[tuple]:
        return self._night.rows(sql)

    def _told(self, n: int) -> str:
        values = self._rows(f"select {', '.join(self.key)} from {self.unbroken} where _n = {n}")[0]
        return " ".join(str(value)[:40] for value in values)

    # --- what happens to them ---------------------------------------------------------------------------------------
    def _changed(self, column: str, expression: str, n: int | None) -> Variant:
        """A column's value is another in row `n`, or in every row."""
        chosen = "true" if n is None else f"_n = {n}"
        value = f"case when {chosen} then cast({expression} as {self.types[column]}) else {column} end"
        query = f"select * exclude (_n) replace ({value} as {column}) from {self.unbroken}"
        return Variant("every row" if n is None else self._told(n), query)

    def mutants(self) -> Iterator[Mutant]:
        if not self.size:
            return
        rows = f"select * exclude (_n) from {self.unbroken}"
        dropped = [Variant(self._told(n), f"{rows} where _n <> {n}") for n in self.spots()]
        yield self._mutant("drop a row", None, dropped)
        doubled = [Variant(self._told(n), f"{rows} union all {rows} where _n = {n}") for n in self.spots()]
        yield self._mutant("double a row", None, doubled)
        for column, kind in self.types.items():
            mutation, variants = self._of_column(column, kind)
            if variants:
                yield self._mutant(mutation, column, variants)
            if column not in self.never_null:
                nulled = [self._changed(column, "null", n) for n in self.spots(f"{column} is not null")]
                if nulled:
                    yield self._mutant("null", column, nulled)

    def _mutant(self, mutation: str, column: str | None, variants: Sequence[Variant]) -> Mutant:
        return Mutant(self.mart, self.unique_id, mutation, column, tuple(variants))

    def _of_column(self, column: str, kind: str) -> tuple[str, list[Variant]]:
        """What is done to a column of this type, to some of its values and to all of them."""
        known = self.spots(f"{column} is not null")
        if not known:
            return "", []
        if kind == "VARCHAR":
            return "swap two", list(self._swaps(column))
        name, expression = "flip", f"not {column}"
        if kind == "DATE" or kind.startswith("TIMESTAMP"):
            unit = self._unit(column, kind)
            name, expression = f"shift by a {unit}", f"{column} - interval 1 {unit}"
        elif kind.startswith("DECIMAL"):
            known = self.spots(f"{column} <> 0") or known
            places = int(kind.rstrip(")").split(",")[1])
            larger, next_one = f"cast({column} * 1.01 as {kind})", f"{column} + {10**-places:.{places}f}"
            name, expression = "scale by 1.01", f"case when {larger} = {column} then {next_one} else {larger} end"
        elif "INT" in kind:
            name, expression = "add 1", f"{column} + 1"
        return name, [self._changed(column, expression, n) for n in (*known, None)]

    def _unit(self, column: str, kind: str) -> str:
        for unit in ("month", "week") if kind == "DATE" else ():
            within = f"select 1 from {self.unbroken} where date_trunc('{unit}', {column}) <> {column} limit 1"
            if not self._rows(within):
                return unit
        return "day"

    def _swaps(self, column: str) -> Iterator[Variant]:
        """Two rows, alike in the rest of their key where there are such, get each other's value."""
        beside = [part for part in self.key if part != column]
        alike = "".join(f"(a.{part} is not distinct from b.{part}) desc, " for part in beside)
        rest = [name for name in self.types if name != column]
        differs = " or ".join(f"a.{name} is distinct from b.{name}" for name in rest)
        for n in self.spots(f"{column} is not null"):
            pairs = self._rows(
                f"select b._n, a.{column}, b.{column} from {self.unbroken} as a, {self.unbroken} as b"
                f" where a._n = {n} and b.{column} <> a.{column} and ({differs})"
                f" order by {alike}abs(a._n - b._n), b._n limit 1"
            )
            for m, ours, theirs in pairs:
                value = f"case _n when {n} then {_text(theirs)} when {m} then {_text(ours)} else {column} end"
                where = f"{self._told(n)} and {self._told(m)}"
                yield Variant(where, f"select * exclude (_n) replace ({value} as {column}) from {self.unbroken}")
        if not self.is_sort(column):
            return
        most = self._rows(
            f"select {column} from {self.unbroken} where {column} is not null"
            " group by 1 order by count(*) desc, 1 limit 2"
        )
        (a,), (b,) = most
        value = f"case {column} when {_text(a)} then {_text(b)} when {_text(b)} then {_text(a)} else {column} end"
        yield Variant(f"every {a} and {b}", f"select * exclude (_n) replace ({value} as {column}) from {self.unbroken}")


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def mutants_of(night: Night) -> list[Mutant]:
    """Every mutant of every mart that a model makes, in the order in which marts are built."""
    ids = {night.project.nodes[s.unique_id]["name"]: s.unique_id for s in night.project.compiled.statements}
    found: list[Mutant] = []
    for mart in night.project.compiled.marts:
        if ids[mart].startswith("model."):
            found += MartUnderTest(night, ids[mart]).mutants()
    return found
