"""A company of one account and two agents, small enough to run the whole nightly job on in seconds.

Real sources throughout: a DuckDB file for the app, CSV files, and a Stripe that has nothing to list, over HTTP.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import duckdb

AS_OF = datetime(2026, 11, 20, 2, tzinfo=UTC)
FIRST_DAY = datetime(2026, 11, 2, 9, tzinfo=UTC)
STRIPE_KEY = "rk_test_small"


@dataclass(frozen=True)
class SmallCompany:
    """Where its sources are, as the settings of a process."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def app(self) -> Path:
        return self.folder / "app.duckdb"

    @property
    def spend(self) -> Path:
        return self.folder / "spend"


@contextmanager
def small_company(folder: Path) -> Iterator[SmallCompany]:
    """Write the sources, serve Stripe for the duration of the block."""
    for name in ("spend", "rates"):
        (folder / name).mkdir(parents=True)
    _write_app(folder / "app.duckdb")
    (folder / "spend" / "costs_2026.csv").write_text(
        "date,channel,vendor,description,amount,currency\n2026-11-03,content_marketing,Studio,articles,120.00,EUR\n"
    )
    (folder / "rates" / "eurofxref-hist.csv").write_text("Date,USD,GBP,\n2026-11-02,1.1000,0.8700,\n")
    with _serving_stripe() as api_base:
        yield SmallCompany(
            folder,
            {
                "NETVEXA_DATA_DIR": str(folder / "data"),
                "NETVEXA_APP_DSN": f"duckdb:///{folder / 'app.duckdb'}",
                "STRIPE_API_KEY": STRIPE_KEY,
                "STRIPE_API_BASE": api_base,
                "NETVEXA_SPEND_DIR": str(folder / "spend"),
                "NETVEXA_RATES_DIR": str(folder / "rates"),
                "NETVEXA_PSEUDONYM_KEY": "k1:a secret of the tests",
                "NETVEXA_AS_OF": AS_OF.isoformat(),
            },
        )


def _write_app(path: Path) -> None:
    with duckdb.connect(str(path)) as app:
        app.execute("set timezone = 'UTC'")
        app.execute(
            """
            create table accounts (
                id text, created_at timestamptz, country text, utm_source text, utm_medium text, utm_campaign text,
                referrer text, stripe_customer_id text, deleted_at timestamptz
            );
            create table agents (id text, account_id text, created_at timestamptz, deleted_at timestamptz);
            create table events (
                id text, event_type text, account_id text, agent_id text, conversation_id text, visitor_id text,
                properties json, occurred_at timestamptz, received_at timestamptz
            );
            """
        )
        app.execute(
            "insert into accounts values ('acc_1', ?, 'DE', 'google', 'cpc', null, null, null, null)", [FIRST_DAY]
        )
        app.executemany(
            "insert into agents values (?, 'acc_1', ?, null)", [("agent_1", FIRST_DAY), ("agent_2", FIRST_DAY)]
        )
        app.executemany("insert into events values (?, ?, 'acc_1', ?, ?, 'visitor', ?, ?, ?)", list(_events()))


def _events() -> Iterator[tuple[str, str, str, str, str, datetime, datetime]]:
    """Two conversations a day of four events each, for 17 days."""
    for day in range(17):
        for number in (1, 2):
            conversation = f"conversation_{day}_{number}"
            started_at = FIRST_DAY + timedelta(days=day, hours=number)
            story = [
                ("conversation_started", {"is_test": False, "channel": "widget"}),
                ("message_sent", {"sender": "visitor"}),
                ("message_sent", {"sender": "agent"}),
                ("conversation_ended", {}),
            ]
            for step, (event_type, properties) in enumerate(story):
                occurred_at = started_at + timedelta(minutes=step)
                event_id = f"{conversation}_{step}"
                received_at = occurred_at + timedelta(seconds=1)
                yield (
                    event_id,
                    event_type,
                    f"agent_{number}",
                    conversation,
                    json.dumps(properties),
                    occurred_at,
                    received_at,
                )


class _EmptyStripe(BaseHTTPRequestHandler):
    """Every list is empty; another key than the tests' is refused, as Stripe refuses it."""

    def do_GET(self) -> None:
        if self.headers["Authorization"] == f"Bearer {STRIPE_KEY}":
            status, body = 200, {"object": "list", "data": [], "has_more": False, "url": self.path}
        else:
            status, body = 401, {"error": {"type": "invalid_request_error", "message": "Invalid API Key provided"}}
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Requests are not news."""


@contextmanager
def _serving_stripe() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _EmptyStripe)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
