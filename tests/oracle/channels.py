"""The channel of an account's first touch, by the rules an analyst edits (METRICS 2.3).

Belongs here: matching rules. Does not: what is counted by channel (acquisition).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tests.oracle.inputs import ChannelRule, Inputs, Row
from tests.oracle.product import latest_rows

FIELDS = ("utm_source", "utm_medium", "utm_campaign", "referrer_host")


def channel_of(account: Row, rules: Sequence[ChannelRule]) -> str:
    """The first rule whose cells are all found in their fields; a NULL field is searched as empty text."""
    for rule in sorted(rules, key=lambda rule: rule.rule_order):
        if all(re.search(getattr(rule, name) or "", account[name] or "", re.IGNORECASE) for name in FIELDS):
            return rule.channel
    return "other"


def account_channels(inputs: Inputs) -> dict[str, str]:
    """Channel by account the app knows; whoever it does not know is `other`."""
    accounts = latest_rows(inputs.app, "accounts").values()
    return {account["id"]: channel_of(account, inputs.seeds.channel_rules) for account in accounts}
