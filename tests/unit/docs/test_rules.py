"""Every rule of METRICS.md has a test, every dbt unit test a rule, and docs/rules.md says so."""

from __future__ import annotations

from tests.rules.page import PAGE, dbt_unit_tests, page, places_of_tests, read_rules

# What a model does for the others, and no rule of METRICS.md asks for by itself.
PLUMBING = "stg_", "int_event_groups__to_rebuild", "int_event_days__standing"


def test_rules__each_has_a_test_that_exists() -> None:
    names = places_of_tests()
    missing = {rule.key or rule.says: [t for t in rule.tests if t not in names] for rule in read_rules().all()}
    assert {key: tests for key, tests in missing.items() if tests} == {}
    assert [rule.key or rule.says for rule in read_rules().all() if not rule.tests] == []


def test_rules__their_keys_are_unique_and_of_their_section() -> None:
    keys = [(section.key, rule.key) for section in read_rules().sections for rule in section.rules]
    assert len({key for _, key in keys}) == len(keys)
    assert [key for section, key in keys if not key.startswith(f"{section}.")] == []


def test_dbt_unit_tests__each_holds_a_rule_or_is_plumbing() -> None:
    named = {test for rule in read_rules().all() for test in rule.tests}
    plumbing = tuple(f"test_{model}" for model in PLUMBING)
    stray = [name for name in dbt_unit_tests() if name not in named and not name.startswith(plumbing)]
    assert stray == []


def test_page__is_what_the_rules_say_today() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(read_rules(), places_of_tests()), "python -m tests.rules writes it"
