"""What Schemathesis is told beyond the OpenAPI document, which has no words for it. Loaded by its process, by name."""

from __future__ import annotations

import schemathesis


@schemathesis.hook
def filter_case(context: schemathesis.HookContext, case: schemathesis.Case) -> bool:
    """Leave out periods that end before they begin, and splits of the example's metric that it does not have."""
    query = case.query if isinstance(case.query, dict) else {}
    first, last = query.get("from"), query.get("to")
    if isinstance(first, str) and isinstance(last, str) and first > last:
        return False
    return query.get("metric") != "fct_spend_daily.spend_eur" or query.get("dimension") in {None, "channel"}
