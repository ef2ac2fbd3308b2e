"""Writes docs/rules.md: `python -m tests.rules`."""

from tests.rules.page import PAGE, page, places_of_tests, read_rules

PAGE.write_text(page(read_rules(), places_of_tests()), encoding="utf-8")
