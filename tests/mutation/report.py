"""What the hunt found, as Markdown.

Belongs here: tables and sentences. Does not: verdicts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from tests.mutation.hunt import ORACLE, Outcome, Result
from tests.mutation.night import Alarm

NAMES_TOLD = 3
KINDS = ("contract", "build", "test", "identity", "gate")


def killers(outcome: Outcome) -> list[Alarm]:
    """The guards that block a night because of a mutant, those that see most of its variants first."""
    met = Counter(alarm for sighting in outcome.sightings for alarm in sighting.alarms if alarm.blocks)
    return sorted(met, key=lambda alarm: (-met[alarm], alarm))


def table(outcomes: Iterable[Outcome]) -> Iterator[str]:
    """Mart by mutation: the guards of a night that notice, and who notices what they do not."""
    yield "| mart | mutation | variants | stopped by a night | only the oracle | nobody | guards |"
    yield "|---|---|--:|--:|--:|--:|---|"
    for outcome in outcomes:
        mutant, verdicts = outcome.mutant, Counter(sighting.verdict for sighting in outcome.sightings)
        found = killers(outcome)
        told = [*map(str, found[:NAMES_TOLD]), *([f"{len(found) - NAMES_TOLD} more"] if found[NAMES_TOLD:] else [])]
        yield (
            f"| {mutant.mart} | {mutant.mutation} {mutant.column or ''}"
            f" | {len(outcome.sightings)} | {verdicts['killed']}"
            f" | {verdicts[ORACLE] or ''} | {verdicts['survives'] or ''}"
            f" | {'; '.join(told) or '–'} |"
        )


def survivors(outcomes: Sequence[Outcome], verdict: str) -> Iterator[str]:
    """Mutants whose worst variant has this verdict, with each of those variants and who warned."""
    for outcome in outcomes:
        if outcome.verdict == verdict:
            left = [sighting for sighting in outcome.sightings if sighting.verdict != "killed"]
            yield f"- {outcome.mutant.name}: {len(left)} of {len(outcome.sightings)} variants are published"
            for sighting in left[:6]:
                warned = "; ".join(alarm.name for alarm in sighting.alarms)
                yield f"    - {sighting.where}" + (f" (only warned: {warned})" if warned else "")


def summary(result: Result) -> Iterator[str]:
    verdicts = Counter(outcome.verdict for outcome in result.outcomes)
    variants = Counter(sighting.verdict for outcome in result.outcomes for sighting in outcome.sightings)
    yield (
        f"{len(result.outcomes)} mutants of {len({o.mutant.mart for o in result.outcomes})} marts"
        f" ({sum(variants.values())} variants): {verdicts['killed']} stopped by the guards of a night,"
        f" {verdicts[ORACLE]} seen by the oracle's comparison alone, {verdicts['survives']} by nobody,"
        f" {verdicts['none']} that change nothing"
    )
    by_kind = Counter(kind for o in result.outcomes for kind in {alarm.kind for alarm in killers(o)})
    alone = Counter(k for o in result.outcomes if len(kinds := {a.kind for a in killers(o)}) == 1 for k in kinds)
    yield "| kind of guard | mutants it stops | that no other kind stops |"
    yield "|---|--:|--:|"
    for kind in KINDS:
        yield f"| {kind} | {by_kind[kind]} | {alone[kind]} |"
    yield f"Not broken, for no SQL makes them: {', '.join(result.seeds) or 'none'}"
    smallest = sorted(result.sizes, key=lambda mart: result.sizes[mart])[:3]
    yield f"Fewest rows: {', '.join(f'{mart} {result.sizes[mart]}' for mart in smallest)}"
    for alarm in result.noise:
        yield f"Fails on the unbroken company, and kills nothing: {alarm}"


def whole(result: Result) -> str:
    parts = [*table(result.outcomes), "", *summary(result)]
    titles = {ORACLE: "Published on a night; only the oracle sees them", "survives": "Nobody sees them"}
    for verdict, title in titles.items():
        lines = list(survivors(result.outcomes, verdict))
        parts += ["", f"{title}: {len([line for line in lines if line.startswith('- ')])}", *lines]
    return "\n".join(parts)
