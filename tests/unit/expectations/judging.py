"""The verdict Great Expectations would give on a profile, reckoned by hand: rules are tested without its import."""

from __future__ import annotations

from expectations.profile import Profile
from expectations.rule import Rule


def violated(profile: Profile) -> set[str]:
    """Names of the rules that a measure breaks."""
    return {rule.spec.name for rule in profile.rules if _is_violated(profile, rule)}


def _is_violated(profile: Profile, rule: Rule) -> bool:
    judged = [value for value in profile.measures.get(rule.spec.name, ()) if value is not None]
    low, high = rule.minimum, rule.maximum
    return any((low is not None and value < low) or (high is not None and value > high) for value in judged)
