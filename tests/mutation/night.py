"""A night's guards over an in-memory warehouse: what dbt enforces, dbt's data tests, the identities, gate 2.

Belongs here: rebuilding what follows from a mart, and asking every guard that looks at what changed. Does not: what is
broken (mutants) and what the answers mean (hunt).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from expectations.mart_contract import Mart
from expectations.mart_profile import MartScan
from expectations.mart_rules import MART_CONTRACTS
from expectations.profile import Profile
from expectations.rule import Rule
from ingestion.lake import Lake
from tests.oracle.inputs import Inputs
from tests.oracle.lake_files import write_lake
from tests.oracle.warehouse import INSTANT, LAKE, CompiledProject, Statement, compile_project

# The data test by which the identities of METRICS 3 block a night; the identities themselves are named as killers.
IDENTITIES = "every_identity_holds"
# What the mutants are made of: every mart as it was, its rows numbered.
UNBROKEN = "unbroken"
# Plans outlive the rows they were made over: what would have them believe in those rows' values is left out.
NOT_WITH = "statistics_propagation,compressed_materialization"


@dataclass(frozen=True, order=True)
class Alarm:
    """A guard that fails: `kind` is contract, build, test, identity or gate; `blocks` is false for a warning."""

    kind: str
    name: str
    blocks: bool = True

    def __str__(self) -> str:
        return f"{self.kind}: {self.name}" + ("" if self.blocks else " (warns)")


@dataclass(frozen=True)
class Column:
    """A column as the model's contract declares it."""

    name: str
    type: str
    constraints: str


@dataclass(frozen=True)
class DataTest:
    """One of dbt's data tests: it fails when its query returns a row."""

    name: str
    sql: str
    blocks: bool
    parents: tuple[str, ...]


@dataclass(frozen=True)
class NightlyProject:
    """The compiled project with what a night checks of it."""

    compiled: CompiledProject
    nodes: Mapping[str, Mapping[str, Any]]

    @classmethod
    def compile(cls, scratch: Path) -> NightlyProject:
        compiled = compile_project(scratch)
        document = json.loads((scratch / "manifest.json").read_text(encoding="utf-8"))
        return cls(compiled, document["nodes"])

    @cached_property
    def tests(self) -> tuple[DataTest, ...]:
        """Every data test that dbt would run in a night, by name."""
        found = []
        for node in self.nodes.values():
            if node["resource_type"] != "test":
                continue
            config = node["config"]
            if (config["fail_calc"], config["warn_if"], config["error_if"]) != ("count(*)", "!= 0", "!= 0"):
                message = f"{node['name']}: only tests that fail on any row are understood here"
                raise ValueError(message)
            blocks = config["severity"].lower() == "error"
            found.append(DataTest(node["name"], node["compiled_code"], blocks, tuple(node["depends_on"]["nodes"])))
        return tuple(sorted(found, key=lambda test: test.name))

    def columns(self, unique_id: str) -> tuple[Column, ...]:
        """The columns of a contract that is enforced; none where there is none."""
        node = self.nodes[unique_id]
        if not node["config"].get("contract", {}).get("enforced"):
            return ()
        words = {"not_null": "not null", "unique": "unique", "primary_key": "primary key"}
        return tuple(
            Column(c["name"], c["data_type"], " ".join(words[rule["type"]] for rule in c.get("constraints", ())))
            for c in node["columns"].values()
        )

    def key(self, unique_id: str) -> tuple[str, ...]:
        """The columns whose uniqueness a data test proves: the grain."""
        for node in self.nodes.values():
            test = node.get("test_metadata") or {}
            if node.get("attached_node") == unique_id and test.get("name") in ("unique", "unique_together"):
                return tuple(test["kwargs"].get("columns") or [test["kwargs"]["column_name"]])
        return ()

    def never_null(self, unique_id: str) -> set[str]:
        """The columns that a contract or a data test forbids to be NULL."""
        forbidden = {column.name for column in self.columns(unique_id) if "not null" in column.constraints}
        for node in self.nodes.values():
            test = node.get("test_metadata") or {}
            if node.get("attached_node") == unique_id and test.get("name") == "not_null":
                forbidden.add(test["kwargs"]["column_name"])
        return forbidden


class NightEndedError(Exception):
    """A model cannot be built or a guard cannot run: the night stops there, and the transaction is lost."""

    def __init__(self, alarm: Alarm) -> None:
        super().__init__(str(alarm))
        self.alarm = alarm


class Night:
    """One company's warehouse, built once; `after` puts other rows in a mart's place and rebuilds what follows.

    Every statement is planned once. No plan may therefore lean on which values a table held when it was made, and no
    table is made twice: rows are deleted and inserted, in a transaction that the caller rolls back.
    """

    def __init__(self, project: NightlyProject, world: Inputs, lake: Path) -> None:
        self.project = project
        self._lake = lake
        self._instant = world.run_at.isoformat()
        self.as_of: date = world.run_at.astimezone(ZoneInfo(world.timezone)).date() - timedelta(days=1)
        self._statements = project.compiled.statements
        self._by_id = {statement.unique_id: statement for statement in self._statements}
        self._followers_of: dict[str, set[str]] = {}
        self.connection = self._connect()
        for statement in self._statements:
            self._create(statement)
        for statement in self._statements:
            self._keep(statement)
        for statement in self._statements:
            self._prepare(statement)
        for position, test in enumerate(project.tests):
            self.connection.execute(
                f'prepare "test {position}" as select count(*) from ({self._placed(test.sql)}) as failing'
            )
        self._fingerprints = {s.unique_id: self._fingerprint(s) for s in self._statements}
        everything = set(self._by_id)
        self.noise = frozenset([*self._failing(range(len(project.tests)), everything), *self.refused(everything)])

    @staticmethod
    def land(world: Inputs, lake: Path) -> None:
        """Write the sources' rows where `Night` reads them."""
        write_lake(Lake(lake), world)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql).fetchall()

    def relation(self, unique_id: str) -> str:
        node = self.project.nodes[unique_id]
        return f'"{node["database"]}"."{node["schema"]}"."{node["alias"]}"'

    def after(self, unique_id: str, broken: str, *, hears_all: bool) -> tuple[set[str], list[Alarm]]:
        """What a night would make of a mart that has the rows of this query.

        As in a night, nothing is built on a mart whose own tests refuse it; with `hears_all` everything is, and every
        guard is asked. Returns the relations that are not what they were, and the alarms that were silent before.
        """
        own = [n for n, test in enumerate(self.project.tests) if self._can_tell_at_once(test, unique_id)]
        late = [n for n, test in enumerate(self.project.tests) if not self._can_tell_at_once(test, unique_id)]
        alarms: list[Alarm] = []
        try:
            changed = self._replace(unique_id, broken)
            alarms += self._failing(own, changed)
            if changed and (hears_all or not any(alarm.blocks for alarm in alarms)):
                changed |= self._rebuild(changed)
                alarms += self._failing(late, changed)
                alarms += self.refused(changed)
        except NightEndedError as ending:
            changed, alarms = {unique_id}, [*alarms, ending.alarm]
        return changed, [alarm for alarm in alarms if alarm not in self.noise]

    def _can_tell_at_once(self, test: DataTest, unique_id: str) -> bool:
        """It looks at this mart, and at nothing that is built from it."""
        return unique_id in test.parents and self._followers(unique_id).isdisjoint(test.parents)

    def _followers(self, unique_id: str) -> set[str]:
        if unique_id not in self._followers_of:
            found = {unique_id}
            for statement in self._statements:
                if not found.isdisjoint(statement.parents):
                    found.add(statement.unique_id)
            self._followers_of[unique_id] = found - {unique_id}
        return self._followers_of[unique_id]

    def _failing(self, numbers: Iterable[int], changed: set[str]) -> Iterator[Alarm]:
        """The data tests of these that look at something changed, and fail."""
        for number in numbers:
            test = self.project.tests[number]
            if changed.isdisjoint(test.parents):
                continue
            try:
                is_failing = self.rows(f'execute "test {number}"') != [(0,)]
            except duckdb.Error as error:
                raise NightEndedError(Alarm("test", f"{test.name} cannot run: {_first_line(error)}")) from error
            if is_failing and test.name == IDENTITIES:
                differing = self.rows("select distinct name from marts.integrity_report where verdict = 'differs'")
                yield from (Alarm("identity", name, test.blocks) for (name,) in sorted(differing))
            elif is_failing:
                yield Alarm("test", test.name, test.blocks)

    def refused(self, changed: set[str]) -> Iterator[Alarm]:
        """The rules of gate 2 that look at something changed, and do not hold."""
        relations = {(self.project.nodes[u]["schema"], self.project.nodes[u]["alias"]) for u in changed}
        for mart in MART_CONTRACTS:
            if {mart.asset, *(feeder.relation for feeder in mart.feeders)} & relations:
                yield from _refusals(mart.name, self._profile(mart))

    def built_again(self) -> set[str]:
        """Build everything a second time; returns what came out otherwise."""
        for statement in self._statements:
            self._fill(statement)
        return {s.unique_id for s in self._statements if self._fingerprint(s) != self._fingerprints[s.unique_id]}

    @property
    def audited(self) -> set[str]:
        """The marts that gate 2 wants to see."""
        return {mart.name for mart in MART_CONTRACTS} & set(self.project.compiled.marts)

    def _profile(self, mart: Mart) -> Profile:
        return MartScan(self.connection, mart, self.as_of).profile(self.audited)

    def _replace(self, unique_id: str, broken: str) -> set[str]:
        statement = self._by_id[unique_id]
        self._fill(statement, self._insert(statement, broken))
        return {unique_id} if self._fingerprint(statement) != self._fingerprints[unique_id] else set()

    def _rebuild(self, changed: set[str]) -> set[str]:
        """Build anew what reads something changed; what comes out as it was ends there."""
        changed = set(changed)
        for statement in self._statements:
            if not changed.isdisjoint(statement.parents):
                self._fill(statement)
                if self._fingerprint(statement) != self._fingerprints[statement.unique_id]:
                    changed.add(statement.unique_id)
        return changed

    def _fill(self, statement: Statement, insert: str | None = None) -> None:
        """The rows a relation has now, into the columns and constraints it was made with."""
        try:
            self.connection.execute(f"delete from {self.relation(statement.unique_id)}")
            self.connection.execute(insert or f'execute "model {statement.unique_id}"')
        except duckdb.ConstraintException as error:
            raise NightEndedError(Alarm("contract", f"{statement.name}: {_first_line(error)}")) from error
        except duckdb.Error as error:
            raise NightEndedError(Alarm("build", f"{statement.name}: {_first_line(error)}")) from error

    def _create(self, statement: Statement) -> None:
        """A relation as dbt makes it: declared columns with their constraints, where a contract is enforced."""
        relation, query = self.relation(statement.unique_id), self._query(statement)
        columns = self.project.columns(statement.unique_id)
        if columns:
            declared = ", ".join(f"{column.name} {column.type} {column.constraints}" for column in columns)
            self.connection.execute(f"create table {relation} ({declared})")
            self.connection.execute(self._insert(statement, query))
        else:
            self.connection.execute(f"create table {relation} as {query}")

    def _prepare(self, statement: Statement) -> None:
        relation = self.relation(statement.unique_id)
        insert = self._insert(statement, self._query(statement))
        self.connection.execute(f'prepare "model {statement.unique_id}" as {insert}')
        self.connection.execute(
            f'prepare "fingerprint {statement.unique_id}" as'
            f" select count(*), sum(hash(r)), bit_xor(hash(r)) from {relation} as r"
        )

    def _keep(self, statement: Statement) -> None:
        """A mart's rows, numbered in the order of its grain, dates first: what mutants are made of."""
        node = self.project.nodes[statement.unique_id]
        if node["schema"] == "marts":
            relation = self.relation(statement.unique_id)
            types = dict(self.rows(f"select column_name, column_type from (describe {relation})"))
            key = sorted(self.project.key(statement.unique_id) or types, key=lambda column: types[column] != "DATE")
            self.connection.execute(
                f"create table {UNBROKEN}.{statement.name} as"
                f" select *, row_number() over (order by {', '.join(key)}) as _n from {relation}"
            )

    def _insert(self, statement: Statement, query: str) -> str:
        names = ", ".join(column.name for column in self.project.columns(statement.unique_id)) or "*"
        return f"insert into {self.relation(statement.unique_id)} select {names} from ({query}) as made"

    def _query(self, statement: Statement) -> str:
        return self._placed(statement.sql.removeprefix(f"create table {self.relation(statement.unique_id)} as "))

    def _fingerprint(self, statement: Statement) -> tuple[Any, ...]:
        return self.rows(f'execute "fingerprint {statement.unique_id}"')[0]

    def _placed(self, sql: str) -> str:
        return sql.replace(LAKE, str(self._lake)).replace(INSTANT, self._instant)

    def _connect(self) -> duckdb.DuckDBPyConnection:
        compiled = self.project.compiled
        connection = duckdb.connect(":memory:", config={"threads": "1"})
        connection.execute(f"attach ':memory:' as \"{compiled.database}\"")
        connection.execute(f'use "{compiled.database}"')
        connection.execute("set timezone = 'UTC'")
        connection.execute(f"set disabled_optimizers = '{NOT_WITH}'")
        for schema in (*compiled.schemas, UNBROKEN):
            connection.execute(f'create schema if not exists "{schema}"')
        return connection


def _first_line(error: duckdb.Error) -> str:
    return str(error).splitlines()[0]


def _refusals(mart: str, profile: Profile) -> Iterator[Alarm]:
    for rule in profile.rules:
        measured: Sequence[float | None] = profile.measures.get(rule.spec.name, ())
        if not all(_within(rule, value) for value in measured if value is not None):
            yield Alarm("gate", f"{mart}: {rule.spec.name}", rule.spec.severity == "block")


def _within(rule: Rule, value: float) -> bool:
    return (rule.minimum is None or value >= rule.minimum) and (rule.maximum is None or value <= rule.maximum)
