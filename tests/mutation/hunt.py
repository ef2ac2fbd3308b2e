"""The hunt: every mutant is let loose in a night, one after the other, and the guards that notice are written down.

Belongs here: running mutants on several processes, and verdicts. Does not: mutants, guards, tables.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from tests.mutation.company import company
from tests.mutation.mutants import Mutant, mutants_of
from tests.mutation.night import UNBROKEN, Alarm, Night, NightlyProject
from tests.oracle.compare import KEYS, differences
from tests.oracle.inputs import Row
from tests.oracle.marts import compute_marts
from tests.oracle.warehouse import rows_of

ORACLE = "oracle"
# With fewer there is no oldest, middle and newest row, and a mutant proves little.
FEWEST_ROWS = 3
PROCESSES = 2


@dataclass(frozen=True)
class Sighting:
    """What one variant set off."""

    where: str
    alarms: tuple[Alarm, ...]
    oracle_sees: bool

    @property
    def verdict(self) -> str:
        """killed, oracle (only it), or survives."""
        if any(alarm.blocks for alarm in self.alarms):
            return "killed"
        return ORACLE if self.oracle_sees else "survives"


@dataclass(frozen=True)
class Outcome:
    """One mutant with what each of its variants set off."""

    mutant: Mutant
    sightings: tuple[Sighting, ...]

    @property
    def verdict(self) -> str:
        """The worst of its variants'."""
        return max((s.verdict for s in self.sightings), key=("killed", ORACLE, "survives").index, default="none")


class Hunter:
    """One process's night, and the mutants to let loose in it.

    Raises ValueError when the unbroken marts are not the oracle's: then nothing could be said about broken ones.
    """

    def __init__(self, project: NightlyProject, lake: Path, *, hears_all: bool) -> None:
        self._hears_all = hears_all
        world = company()
        self.night = Night(project, world, lake)
        self._truth = compute_marts(world)
        unbroken = {mart: self._rows(f"from marts.{mart}") for mart in KEYS}
        found = differences(self._truth, unbroken, {})
        if found:
            message = "the unbroken company is not what the oracle says: " + "; ".join(map(str, found[:5]))
            raise ValueError(message)
        self.mutants = mutants_of(self.night)

    def hunt(self, mutant: Mutant) -> Outcome:
        """Let every variant loose, and take it back."""
        sightings = []
        for variant in mutant.variants:
            connection = self.night.connection
            connection.execute("begin transaction")
            try:
                changed, alarms = self.night.after(mutant.unique_id, variant.query, hears_all=self._hears_all)
                is_seen = not any(alarm.blocks for alarm in alarms) and self._oracle_sees(mutant, changed)
            finally:
                connection.execute("rollback")
            # What changes nothing is no mutant: a value that rounds to itself, a day that was never used.
            if changed:
                sightings.append(Sighting(variant.where, tuple(alarms), is_seen))
        return Outcome(mutant, tuple(sightings))

    def _oracle_sees(self, mutant: Mutant, changed: set[str]) -> bool:
        """Whether the end-to-end comparison with the oracle would fail, over the rows that are not what they were."""
        if not changed or mutant.mart not in KEYS:
            return any(
                self._differs(name)
                for name in (str(self.night.project.nodes[unique_id]["name"]) for unique_id in changed)
                if name in KEYS
            )
        return self._differs(mutant.mart)

    def _differs(self, mart: str) -> bool:
        key = ", ".join(KEYS[mart])
        now, then = f"marts.{mart}", f"(select * exclude (_n) from {UNBROKEN}.{mart})"
        moved = f"((from {now} except all from {then}) union all (from {then} except all from {now}))"
        keys = {tuple(row.values()) for row in self._rows(f"select distinct {key} from {moved}")}
        truth = [row for row in self._truth[mart] if tuple(row[name] for name in KEYS[mart]) in keys]
        rows = self._rows(f"from {now} where ({key}) in (select ({key}) from {moved})")
        try:
            return bool(differences({mart: truth}, {mart: rows}, {}))
        except ValueError:  # two rows of one key
            return True

    def _rows(self, query: str) -> list[Row]:
        return list(rows_of(self.night.connection, query))


_hunter: Hunter


def _begin(project: NightlyProject, lake: Path, hears_all: bool) -> None:
    global _hunter  # noqa: PLW0603
    _hunter = Hunter(project, lake, hears_all=hears_all)


def _census() -> Census:
    night = _hunter.night
    sizes = {mart: int(night.rows(f"select count(*) from marts.{mart}")[0][0]) for mart in night.project.compiled.marts}
    return Census([(mutant.mart, mutant.name) for mutant in _hunter.mutants], tuple(sorted(night.noise)), sizes)


def _hunt(number: int) -> Outcome:
    return _hunter.hunt(_hunter.mutants[number])


@dataclass(frozen=True)
class Census:
    """The unbroken company: its mutants as (mart, name), the guards that fail already, the rows of its marts."""

    mutants: Sequence[tuple[str, str]]
    noise: tuple[Alarm, ...]
    sizes: Mapping[str, int]

    @property
    def seeds(self) -> list[str]:
        """Marts that no model makes: people write them, and no SQL can be wrong about them."""
        return sorted(self.sizes.keys() - {mart for mart, _ in self.mutants})


@dataclass(frozen=True)
class Result:
    """A whole run: what became of each mutant, and of which company they were."""

    outcomes: tuple[Outcome, ...]
    noise: tuple[Alarm, ...]
    sizes: Mapping[str, int]
    seeds: Sequence[str]


def hunt_all(
    project: NightlyProject,
    lake: Path,
    tell: Callable[[str, int, int], None],
    only: Collection[str] = (),
    *,
    hears_all: bool,
) -> Result:
    """Break every mart, or those named in `only`; `tell` hears what was done, how many are done and how many there are.

    lake: an empty folder for what the company's sources hold.
    hears_all: ask every guard, also those that a night would not come to because another has stopped it.

    Raises ValueError for a mart that is not there, or has too few rows to be broken.
    """
    Night.land(company(), lake)
    outcomes: dict[int, Outcome] = {}
    with ProcessPoolExecutor(PROCESSES, get_context("spawn"), _begin, (project, lake, hears_all)) as pool:
        tell("building the unbroken company", 0, 0)
        census = pool.submit(_census).result()
        _refuse(census, only)
        numbers = [n for n, (mart, _) in enumerate(census.mutants) if not only or mart in only]
        futures = {pool.submit(_hunt, number): number for number in numbers}
        for done in as_completed(futures):
            outcomes[futures[done]] = done.result()
            tell(census.mutants[futures[done]][1], len(outcomes), len(numbers))
    return Result(tuple(outcomes[n] for n in sorted(outcomes)), census.noise, census.sizes, census.seeds)


def _refuse(census: Census, only: Collection[str]) -> None:
    unknown = set(only) - {mart for mart, _ in census.mutants}
    if unknown:
        message = f"no model makes the mart {', '.join(sorted(unknown))}; there are {', '.join(census.sizes)}"
        raise ValueError(message)
    hollow = [mart for mart, size in census.sizes.items() if size < FEWEST_ROWS]
    if hollow:
        message = f"{', '.join(hollow)}: fewer than {FEWEST_ROWS} rows; company.py must have what they are made of"
        raise ValueError(message)
