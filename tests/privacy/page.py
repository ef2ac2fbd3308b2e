"""The list of what may leave each source, as docs/privacy.md shows it: made from the lists the code reads by.

Belongs here: rendering, and `python -m tests.privacy.page`, which puts it into the page. Does not: what may leave.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from ingestion.delimited import Header
from ingestion.sources.app.contract import COLUMNS_READ, EVENT_PROPERTIES
from ingestion.sources.rates.contract import ECB_HEADER
from ingestion.sources.spend.contract import COSTS_HEADER, GOOGLE_ADS_HEADER, WORDPRESS_PLUGIN_HEADER
from ingestion.sources.stripe.allow_list import ALLOWED, Fields

PAGE = Path(__file__).resolve().parents[2] / "docs" / "privacy.md"
_BLOCK = re.compile(
    r"(?<=<!-- allow-list: made by `python -m tests.privacy.page` -->\n).*?(?=<!-- /allow-list -->)", re.S
)

_FILES: Mapping[str, Header] = {
    "`google_ads_*.csv`": GOOGLE_ADS_HEADER,
    "`costs_*.csv`": COSTS_HEADER,
    "`wordpress_plugin_*.csv`": WORDPRESS_PLUGIN_HEADER,
    "`eurofxref*.csv`": ECB_HEADER,
}
# Fields of these have a row of their own, wherever they stand.
_SHARED = {id(ALLOWED[name]): name for name in ("price", "coupon", "discount")}


def allow_list() -> str:
    """The table: a row for each table, type of event, object of Stripe and kind of file."""
    lines = ["| source | what is read of it, and nothing else |", "|---|---|"]
    lines += [f"| app, `{table}` | {_named(columns)} |" for table, columns in COLUMNS_READ.items()]
    for event_type, keys in EVENT_PROPERTIES.items():
        lines.append(f"| app, properties of `{event_type}` | {_named(keys) or 'none'} |")
    lines.append("| app, properties of any other type | none |")
    lines += [f"| Stripe, {name} | {_named(_fields(fields))} |" for name, fields in ALLOWED.items()]
    for name, header in _FILES.items():
        more = "; columns named by three letters" if header.data_named is not None else ""
        lines.append(f"| {name} | {_named((*header.required, *header.optional))}{more} |")
    return "\n".join(lines) + "\n"


def with_allow_list(page: str) -> str:
    """The page with the table in its place. Raises ValueError when the page has no place for it."""
    changed, places = _BLOCK.subn(lambda _: allow_list(), page)
    if places != 1:
        message = f"{PAGE.name} has {places} places for the allow-list, not one"
        raise ValueError(message)
    return changed


def _named(names: Mapping[str, object] | tuple[str, ...] | Iterator[str]) -> str:
    return " ".join(f"`{name}`" for name in names)


def _fields(fields: Fields, before: str = "") -> Iterator[str]:
    """`status`, `metadata.account_id`; what has a row of its own is named by it: `discounts → discount`."""
    for name, inner in fields.items():
        if inner is None:
            yield before + name
        elif id(inner) in _SHARED:
            yield f"{before}{name} → {_SHARED[id(inner)]}"
        else:
            yield from _fields(inner, f"{before}{name}.")


if __name__ == "__main__":
    PAGE.write_text(with_allow_list(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
