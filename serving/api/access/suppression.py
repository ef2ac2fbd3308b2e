"""Small cohorts: the SQL that takes the values out of rows that few accounts or agents stand behind.

Belongs here: which cells go, the ones from which they could be reckoned back included. Does not: for whom
(visibility), what a mart's rows count (`meta.cohorts` beside the mart).

It is SQL over the whole mart and not a filter on an answer, because an answer is a page, a period or a sum: what may be
shown of a row depends on rows that are not in it.

A rule of `meta.cohorts` says
    sizes       columns that count those behind a row, none greater than the one before; the last one adds up
    hides       columns that are NULL in a hidden row
    adds_up_in  columns within which the rows' sizes add up to a number that is published, too
    total       the column and value of the row that is that number, where it stands in the mart itself
    months_on   column of months that lead on from adds_up_in, where the sum is that of a calendar month
    hides_next  columns that are NULL in the hidden row of a series and in the one after it
    hides_after columns that are NULL from the hidden row on

A row is hidden when a size lies between 0 and k. Where rows add up, the next larger ones are hidden with it until at
least k stand behind all of them, who are at least two: else the total minus the others would be the hidden number.

Facts have no rule: their groups are made by whoever asks. They are summed by month and at most one dimension first, and
those sums are suppressed like a mart's rows. Days and weeks, a part of a month, or two dimensions at once would be sums
that differ from these by a single account.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from serving.quoting import identifier, literal

SUPPRESSED = "is_suppressed"
# Of the sums of facts: how many different accounts have a part in one.
_BEHIND = "accounts_behind"

# The parts of a rule that name columns to hide.
_HOW = ("hides", "hides_next", "hides_after")

Rule = Mapping[str, Any]


def suppressed(relation: str, columns: Sequence[str], key: Sequence[str], rules: Sequence[Rule], k: int) -> str:
    """A parenthesised query: the relation with hidden values as NULL, and `is_suppressed`: whether the row has any.

    relation: a quoted name or a parenthesised query with these columns. key: unique together; orders rows of equal
    size, and ends with the column that orders a series.
    """
    any_value = [condition for n, rule in enumerate(rules) for condition in _conditions(n, rule, key).values()]
    smalls = ", ".join(f"{_small(rule, k)} as small_{n}" for n, rule in enumerate(rules))
    others = "".join(f", {part}" for n, rule in enumerate(rules) for part in _among_others(n, rule, key))
    hidden = ", ".join(f"{_hidden(n, rule, k)} as hidden_{n}" for n, rule in enumerate(rules))
    values = ", ".join(_value(column, key, rules) for column in columns)
    return (
        f"(select {values}, {' or '.join(any_value)} as {SUPPRESSED}"
        f" from (select *, {hidden}"
        f" from (select *{others}"
        f" from (select *, {smalls} from {relation}))))"
    )


def hideable(rules: Sequence[Rule]) -> frozenset[str]:
    """The columns that one of the rules may hide."""
    return frozenset(column for rule in rules for how in _HOW for column in rule.get(how, ()))


def suppressed_months(relation: str, key: Sequence[str], value: str, account: str, k: int) -> str:
    """A parenthesised query: the sums of a column of facts by month and dimension, suppressed.

    key: the column of the facts' days, and the dimension if there is one. account: the column of whose facts they are.
    The query has the key (a day as its month's first), the value and `is_suppressed`. Only accounts that add something
    stand behind a sum: ten that did nothing do not hide the one that did.
    """
    day, of_value = identifier(key[0]), identifier(value)
    names = ", ".join([f"cast(date_trunc('month', {day}) as date) as {day}", *map(identifier, key[1:])])
    behind = f"count(distinct {identifier(account)}) filter ({of_value} <> 0)"
    sums = f"(select {names}, sum({of_value}) as {of_value}, {behind} as {_BEHIND} from {relation} group by all)"
    # An account may have a part in several sums, so that their numbers of accounts do not add up.
    rule = {"sizes": [_BEHIND], "hides": [value], "adds_up_in": key[:1], "overlaps": True}
    return suppressed(sums, [*key, value], key, [rule], k)


def _small(rule: Rule, k: int) -> str:
    sizes = [f"coalesce({identifier(size)}, 0)" for size in rule["sizes"]]
    return "(" + " or ".join(f"({size} > 0 and {size} < {k})" for size in sizes) + ")"


def _size(rule: Rule) -> str:
    return f"coalesce({identifier(rule['sizes'][-1])}, 0)"


def _is_part(rule: Rule) -> str:
    """False for the row that is the total itself: it is no part of what adds up to it."""
    clauses = [f"{identifier(column)} <> {literal(value)}" for column, value in rule.get("total", {}).items()]
    return " and ".join(clauses) or "true"


def _group(rule: Rule) -> str:
    columns = [identifier(column) for column in rule["adds_up_in"]]
    if "months_on" in rule:
        columns[-1] = f"{columns[-1]} + to_months(cast({identifier(rule['months_on'])} as integer))"
    return ", ".join([*columns, _is_part(rule)])


def _among_others(number: int, rule: Rule, key: Sequence[str]) -> list[str]:
    """Of the rows that a row adds up with: how many stand behind the smaller ones, and whether one is small."""
    if "adds_up_in" not in rule:
        return []
    size, group = _size(rule), _group(rule)
    order = ", ".join([size, *map(identifier, key)])
    so_far = f"(partition by {group} order by {order} rows between unbounded preceding and current row)"
    # Of rows that share accounts only one that is large enough by itself is known to bring as many.
    counted = f"case when small_{number} then 0 else {size} end" if rule.get("overlaps") else size
    return [
        f"sum({counted}) over {so_far} - {counted} as before_{number}",
        f"bool_or(small_{number}) over (partition by {group}) as with_small_{number}",
    ]


def _hidden(number: int, rule: Rule, k: int) -> str:
    if "adds_up_in" not in rule:
        return f"small_{number}"
    # The row after a single small one has fewer than k before it, so that there are always two.
    complement = f"{_is_part(rule)} and {_size(rule)} > 0 and with_small_{number} and before_{number} < {k}"
    return f"(small_{number} or ({complement}))"


def _conditions(number: int, rule: Rule, key: Sequence[str]) -> dict[str, str]:
    """By field of the rule that lists columns: when those columns are NULL."""
    hidden = f"hidden_{number}"
    series = f"partition by {', '.join(map(identifier, key[:-1])) or 'true'} order by {identifier(key[-1])}"
    so_far = f"({series} rows between unbounded preceding and current row)"
    conditions = {
        "hides": hidden,
        "hides_next": f"({hidden} or lag({hidden}, 1, false) over ({series}))",
        "hides_after": f"bool_or({hidden}) over {so_far}",
    }
    return {field: condition for field, condition in conditions.items() if rule.get(field)}


def _value(column: str, key: Sequence[str], rules: Sequence[Rule]) -> str:
    """The column, or NULL where a rule hides it."""
    conditions = [
        condition
        for number, rule in enumerate(rules)
        for field, condition in _conditions(number, rule, key).items()
        if column in rule[field]
    ]
    name = identifier(column)
    return f"case when {' or '.join(conditions)} then null else {name} end as {name}" if conditions else name
