"""What is hidden of small cohorts, and that nobody reckons it back."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import duckdb
import pytest

from serving.api.access.suppression import SUPPRESSED, suppressed, suppressed_months

K = 5
PARTS = {
    "sizes": ["trials"],
    "hides": ["trials", "converted"],
    "adds_up_in": ["month"],
    "total": {"channel": "all"},
}
SERIES = {
    "sizes": ["accounts", "retained"],
    "hides": ["retained", "mrr"],
    "hides_next": ["churned"],
    "hides_after": ["revenue"],
    "adds_up_in": ["cohort"],
    "months_on": "since",
}

Row = dict[str, Any]


def run(
    columns: Mapping[str, str], rows: Iterable[Sequence[object]], key: Sequence[str], rules: list[Any], k: int = K
) -> list[Row]:
    """The rows as they are shown, in the order of the key."""
    with duckdb.connect() as connection:
        connection.execute(
            "create table mart (" + ", ".join(f"{name} {type_}" for name, type_ in columns.items()) + ")"
        )
        connection.executemany(f"insert into mart values ({', '.join('?' * len(columns))})", list(rows))
        found = connection.execute(
            f"select * from {suppressed('mart', list(columns), key, rules, k)} order by {', '.join(key)}"
        )
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def by_channel(sizes: Mapping[str, int | None], k: int = K, total: bool = True) -> dict[str, Row]:
    """One month of trials by channel, and of all."""
    rows = [("2026-01-01", channel, size, 1) for channel, size in sizes.items()]
    if total:
        rows.append(("2026-01-01", "all", sum(size or 0 for size in sizes.values()), 1))
    columns = {"month": "date", "channel": "varchar", "trials": "bigint", "converted": "bigint"}
    return {row["channel"]: row for row in run(columns, rows, ["month", "channel"], [PARTS], k)}


def hidden(rows: Mapping[str, Row]) -> set[str]:
    return {name for name, row in rows.items() if row[SUPPRESSED]}


def test_row__of_fewer_than_k_loses_its_values_and_keeps_its_key() -> None:
    row = by_channel({"ads": 4, "seo": 40, "blog": 50})["ads"]
    assert row["trials"] is None
    assert row["converted"] is None
    assert (str(row["month"]), row["channel"], row[SUPPRESSED]) == ("2026-01-01", "ads", True)


def test_row__of_k_or_of_nobody_is_shown() -> None:
    assert hidden(by_channel({"ads": 5, "seo": 0, "blog": 50})) == set()


def test_row__of_an_unknown_size_counts_as_nobody() -> None:
    assert hidden(by_channel({"ads": None, "seo": 40})) == set()


def test_total__minus_the_others_is_not_the_hidden_one() -> None:
    assert hidden(by_channel({"ads": 4, "seo": 40, "blog": 50})) == {"ads", "seo"}


def test_hidden_rows__are_at_least_k_together() -> None:
    assert hidden(by_channel({"ads": 1, "seo": 2, "plugin": 7, "blog": 50})) == {"ads", "seo", "plugin"}
    assert hidden(by_channel({"ads": 2, "seo": 3, "plugin": 7, "blog": 50})) == {"ads", "seo"}


def test_total__of_fewer_than_k_is_hidden_with_its_parts() -> None:
    assert hidden(by_channel({"ads": 1, "seo": 3, "blog": 0})) == {"ads", "seo", "all"}


def test_total_elsewhere__protects_as_one_in_the_mart_does() -> None:
    columns = {"month": "date", "plan": "varchar", "accounts": "bigint"}
    rule = {"sizes": ["accounts"], "hides": ["accounts"], "adds_up_in": ["month"]}
    rows = [("2026-01-01", plan, size) for plan, size in {"a": 1, "b": 30, "c": 20}.items()]
    assert [row[SUPPRESSED] for row in run(columns, rows, ["month", "plan"], [rule])] == [True, False, True]


def test_months__are_judged_by_themselves() -> None:
    columns = {"month": "date", "channel": "varchar", "trials": "bigint", "converted": "bigint"}
    rows = [(f"2026-0{month}-01", name, size, 0) for month in (1, 2) for name, size in (("a", month * 4), ("b", 9))]
    assert [row[SUPPRESSED] for row in run(columns, rows, ["month", "channel"], [PARTS])] == [True, True, False, False]


def test_nothing__is_hidden_from_who_sees_small_cohorts() -> None:
    rows = by_channel({"ads": 1, "seo": 40}, k=0)
    assert hidden(rows) == set()
    assert rows["ads"]["trials"] == 1


def test_rules__hide_their_own_columns() -> None:
    columns = {"week": "date", "agents": "bigint", "with_value": "bigint", "median": "bigint"}
    rules = [{"sizes": ["agents"], "hides": ["agents"]}, {"sizes": ["with_value"], "hides": ["median"]}]
    rows = [("2026-01-05", 9, 2, 7), ("2026-01-12", 3, 9, 7)]
    first, second = run(columns, rows, ["week"], rules)
    assert (first["agents"], first["median"], first[SUPPRESSED]) == (9, None, True)
    assert (second["agents"], second["median"], second[SUPPRESSED]) == (None, 7, True)


@pytest.mark.parametrize("seed", range(40))
def test_parts__cannot_be_reckoned_back_from_any_total_that_is_shown(seed: int) -> None:
    chance = random.Random(seed)
    sizes = {f"c{number}": chance.choice((0, 1, 2, 3, 4, 5, 6, 9, 30)) for number in range(chance.randint(1, 6))}
    rows = by_channel(sizes)
    gone = hidden(rows) - {"all"}
    assert {name for name, size in sizes.items() if 0 < size < K} <= gone
    assert ("all" in hidden(rows)) == (0 < sum(sizes.values()) < K)
    if gone and "all" not in hidden(rows):
        # What an outsider learns is the sum of the hidden ones: it must be of several, and of no small group.
        assert len(gone) >= 2
        assert sum(sizes[name] for name in gone) >= K


SERIES_COLUMNS = {
    "cohort": "date",
    "since": "bigint",
    "accounts": "bigint",
    "retained": "bigint",
    "churned": "bigint",
    "mrr": "bigint",
    "revenue": "bigint",
}


def cohorts(retained: Mapping[int, Sequence[int]]) -> dict[tuple[int, int], Row]:
    """By cohort (month of 2026) and months since: its first number of accounts, and those still there after that."""
    rows = []
    for month, series in retained.items():
        for since, here in enumerate(series):
            churned = 0 if since == 0 else series[since - 1] - here
            revenue = 10 * sum(series[: since + 1])
            rows.append((f"2026-{month:02}-01", since, series[0], here, churned, 10 * here, revenue))
    found = run(SERIES_COLUMNS, rows, ["cohort", "since"], [SERIES])
    return {(row["cohort"].month, row["since"]): row for row in found}


def test_cohort__of_fewer_than_k_is_hidden_in_every_month_even_when_all_have_left() -> None:
    shown = cohorts({1: [3, 3, 0], 2: [40, 30], 3: [50]})
    assert all(shown[1, since]["retained"] is None and shown[1, since][SUPPRESSED] for since in range(3))


def test_churn__does_not_give_away_the_month_before_or_after() -> None:
    shown = cohorts({1: [20, 12, 4, 0, 0]})
    assert [shown[1, since]["retained"] for since in range(5)] == [20, 12, None, 0, 0]
    # 12 less what left is the hidden one, and what left afterwards is all of it.
    assert [shown[1, since]["churned"] for since in range(5)] == [0, 8, None, None, 0]


def test_cumulative_values__end_with_the_first_hidden_month() -> None:
    shown = cohorts({1: [20, 12, 4, 0, 0]})
    assert [shown[1, since]["revenue"] for since in range(5)] == [200, 320, None, None, None]


@pytest.mark.parametrize("seed", range(40))
def test_series__cannot_be_reckoned_back_from_the_calendar_months_total_or_their_neighbours(seed: int) -> None:
    chance = random.Random(seed)
    retained: dict[int, list[int]] = {}
    for month in range(1, 9):
        series = [chance.choice((2, 4, 6, 12, 40))]
        while len(series) < 9 - month:
            series.append(chance.randint(0, series[-1]))
        retained[month] = series
    shown = cohorts(retained)
    totals: dict[int, list[tuple[int, bool]]] = defaultdict(list)
    for (month, since), row in shown.items():
        here = retained[month][since]
        is_hidden = row["retained"] is None
        totals[month + since].append((here, is_hidden))
        if 0 < here < K or retained[month][0] < K:
            assert is_hidden
        assert is_hidden == (row["mrr"] is None)
        before_hidden = since > 0 and shown[month, since - 1]["retained"] is None
        assert (row["churned"] is None) == (is_hidden or before_hidden)
        assert (row["revenue"] is None) == any(shown[month, past]["retained"] is None for past in range(since + 1))
    for entries in totals.values():
        gone = [here for here, is_hidden in entries if is_hidden]
        # Where nobody else is there to hide behind, the whole month is.
        if gone and any(here > 0 and not is_hidden for here, is_hidden in entries):
            assert len(gone) >= 2
            assert sum(gone) >= K


def months_of(facts: Iterable[Sequence[object]], *dimensions: str, k: int = K) -> dict[tuple[Any, ...], Row]:
    """By month and dimensions: the sum of facts (day, plan, account, amount) as it is shown."""
    with duckdb.connect() as connection:
        connection.execute("create table facts (day date, plan varchar, account varchar, amount decimal(18, 4))")
        connection.executemany("insert into facts values (?, ?, ?, ?)", list(facts))
        query = suppressed_months("facts", ["day", *dimensions], "amount", "account", k)
        found = connection.execute(f"select * from {query} order by all")
        names = [column[0] for column in found.description]
        rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    return {(row["day"].month, *(row[name] for name in dimensions)): row for row in rows}


def test_months__are_sums_of_their_days() -> None:
    facts = [(f"2026-0{month}-{day:02}", "a", f"account-{day}", 1.25) for month in (1, 2) for day in range(1, 9)]
    assert {key: float(row["amount"]) for key, row in months_of(facts).items()} == {(1,): 10, (2,): 10}


def test_months__of_one_who_did_something_among_many_who_did_nothing_are_hidden() -> None:
    facts = [("2026-01-02", "a", f"account-{number}", 0 if number else 7) for number in range(50)]
    assert months_of(facts)[1,]["amount"] is None
    assert months_of(facts)[1,][SUPPRESSED]


def test_months__where_nobody_did_anything_say_so() -> None:
    facts = [("2026-01-02", "a", f"account-{number}", 0) for number in range(3)]
    assert months_of(facts)[1,]["amount"] == 0


def test_months__of_the_same_few_twice_do_not_count_as_many() -> None:
    # Three accounts in each of two plans: six parts, three accounts.
    facts = [("2026-01-02", plan, f"account-{number}", 1) for plan in ("a", "b") for number in range(3)]
    facts += [("2026-01-02", "c", f"other-{number}", 1) for number in range(6)]
    facts += [("2026-01-02", "d", f"another-{number}", 1) for number in range(7)]
    shown = months_of(facts, "plan")
    assert {plan for (_, plan), row in shown.items() if row[SUPPRESSED]} == {"a", "b", "c"}


@pytest.mark.parametrize("seed", range(40))
def test_months__cannot_be_reckoned_back_from_their_total(seed: int) -> None:
    chance = random.Random(seed)
    facts = [
        (f"2026-01-{chance.randint(1, 28):02}", chance.choice("aabbbcccccd"), f"account-{chance.randint(1, 20)}", 1)
        for _ in range(chance.randint(1, 60))
    ]
    behind: dict[str, set[object]] = defaultdict(set)
    for _, plan, account, _ in facts:
        behind[str(plan)].add(account)
    everybody = set().union(*behind.values())
    gone = {plan for (_, plan), row in months_of(facts, "plan").items() if row[SUPPRESSED]}
    assert {plan for plan, accounts in behind.items() if len(accounts) < K} <= gone
    assert months_of(facts)[1,][SUPPRESSED] == (len(everybody) < K)
    if gone and len(everybody) >= K:
        # What the total and the others tell is the sum of the hidden ones: of several plans, and of no few accounts.
        assert len(gone) >= 2
        assert len(set().union(*(behind[plan] for plan in gone))) >= K or gone == set(behind)
