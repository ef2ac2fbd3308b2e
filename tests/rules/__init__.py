"""Which test holds which rule of METRICS.md: the list (rules.yml), the page made of it (docs/rules.md).

Belongs here: rules by key, in a few words, and names of tests. Does not: what a rule means (METRICS.md), or the tests.
"""
