"""Folders of files for the suite: the warehouse's own, and the worked example of docs/new-source.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from docs.examples.support_tickets.border import TICKETS
from docs.examples.support_tickets.extract import SupportSource
from ingestion.contract import Backfill, Source
from ingestion.files import FolderSource
from ingestion.retry import PermanentSourceError
from ingestion.sources.rates.extract import RatesSource
from ingestion.sources.spend.extract import SpendSource
from tests.contract.cases import Opener, Room, SourceCase

EXAMPLE = Path(__file__).resolve().parents[3] / "docs/examples/support_tickets"
CANARY = "canary@example.com"

SPEND_FILES = {
    "google_ads_1.csv": (
        "segments.date,customer.id,customer.currency_code,campaign.id,campaign.name,metrics.cost_micros,"
        "metrics.clicks,metrics.impressions,metrics.conversions,manager\n"
        f"2026-11-20,1,EUR,77,{CANARY},1500000,3,40,1.5,{CANARY}\n"
        f"2026-11-20,1,EUR,78,{CANARY},-1,3,40,1.5,{CANARY}\n"
        "Total,,,,,1499999,6,80,3,\n"
    ),
    "costs_1.csv": (
        "date,channel,vendor,description,amount,currency,approved by\n"
        f"2026-11-20,seo,{CANARY},{CANARY},120.50,eur,{CANARY}\n"
        f"{CANARY},seo,v,{CANARY},1,EUR,{CANARY}\n2026-11-20,seo,v,,{CANARY},EUR,\n2026-11-20,seo,v,,1,{CANARY},\n"
    ),
    "wordpress_plugin_1.csv": f"date,slug,active_installs,downloads,by\n2026-11-20,netvexa-chat,900,12,{CANARY}\n",
}
RATES_FILES = {
    "eurofxref-hist.csv": (
        f"Date,USD,JPY,Remark,\n2026-11-20,1.0850,N/A,{CANARY},\n2026-11-19,{CANARY},164.2,,\n2026-11-20,1.09,,,\n"
    )
}
TICKETS_FILES = {path.name: path.read_text(encoding="utf-8") for path in EXAMPLE.glob("*.csv")}


def _holding(source: Callable[[Path], FolderSource], files: Mapping[str, str]) -> Opener:
    @contextmanager
    def opened(room: Room) -> Iterator[Source]:
        folder = room.folder / "files"
        folder.mkdir(exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
        yield source(folder)

    return opened


def _case(
    source: type[FolderSource], files: Mapping[str, str], source_rows: Mapping[str, int], *canaries: str
) -> SourceCase:
    columns_gone = {name: text.partition(",")[2] for name, text in files.items()}
    return SourceCase(
        name=source.name,
        full=_holding(source, files),
        empty=_holding(source, {}),
        failing=(
            (PermanentSourceError, _holding(source, columns_gone)),
            (PermanentSourceError, _holding(source, dict.fromkeys(files, f"{CANARY},{CANARY}\n"))),
            (PermanentSourceError, _holding(lambda folder: source(folder / "nowhere"), {})),
        ),
        source_rows=source_rows,
        canaries=canaries,
        secrets=canaries,
        backfill=Backfill(source.name),
    )


SPEND = _case(SpendSource, SPEND_FILES, {"google_ads": 3, "costs": 4, "wordpress_plugin": 1}, CANARY)
# A row of rates is as many as it has cells that hold something.
RATES = _case(RatesSource, RATES_FILES, {"ecb": 4}, CANARY)
# Not a part of the warehouse, so its tables stand in its own README and in its own border list.
SUPPORT = replace(
    _case(
        SupportSource, TICKETS_FILES, {"tickets": 6}, "jane@example.com", "max@example.com", "embed the widget", CANARY
    ),
    border=(TICKETS,),
    document=EXAMPLE / "README.md",
)
