"""`netvexa api`: the metrics API over what is published, served on this machine."""

from __future__ import annotations

import logging
import os
import socket
from contextlib import suppress

import click
from pydantic import ValidationError

from orchestration.failures import ConfigurationError
from orchestration.lib.paths import DataLayout

# What is being answered when the server is told to end has this long: a client that reads nothing would keep it.
_LAST_ANSWERS_SECONDS = 5


@click.command(
    epilog="""\b
Examples:
  netvexa api                          serve on http://127.0.0.1:8090; Ctrl-C ends it
  NETVEXA_API_PORT=9000 netvexa api    on another port
  netvexa keys create --name "Looker Studio" --role analyst
  curl -H "Authorization: Bearer nvx_…" http://127.0.0.1:8090/api/metrics/dashboard"""
)
def api() -> None:
    """Serve the numbers of the published version over HTTP, on 127.0.0.1, in one process.

    Callers need a key (netvexa keys create) or a token of the configured issuer. A publication is picked up at once;
    nothing needs to be published yet (/ready says 503 until something is). TLS and the network are a reverse proxy's.
    """
    import uvicorn

    from serving.api.access.gate import open_gate, utc_now
    from serving.api.access.settings import AccessSettings
    from serving.api.app import create_app
    from serving.api.settings import ApiSettings
    from serving.versions import current_id

    try:
        settings, access = ApiSettings(), AccessSettings()
    except ValidationError as error:
        problems = (
            f"{problem['loc'][0] if problem['loc'] else 'settings'}: {problem['msg'].removeprefix('Value error, ')}"
            for problem in error.errors()
        )
        raise ConfigurationError("; ".join(problems)) from None
    # Before anything is said or written: an address that is taken is the likeliest thing to go wrong.
    listener = _listen(settings.host, settings.port)
    layout = DataLayout(settings.data_dir)
    try:
        gate = open_gate(access, keys=layout.api_keys, audit=layout.api_audit, clock=utc_now)
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise ConfigurationError(
            f"{error.filename}: {reason}. The API keeps what is its own there: let this user write the folder, or set "
            "NETVEXA_DATA_DIR to another"
        ) from error
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    address = f"http://{host}:{listener.getsockname()[1]}"
    click.echo(f"the metrics API: {address}/api/metrics/dashboard (Ctrl-C ends it)")
    click.echo(f"its description: {address}/openapi.json")
    click.echo('a key for it:    netvexa keys create --name "…" --role analyst')
    if current_id(settings.published) is None:
        click.echo("nothing is published yet: netvexa demo or netvexa nightly does that; /ready says 503 until then")
    config = uvicorn.Config(
        create_app(settings, gate),
        # The server's own access log would write paths, and so ids of persons; the audit log writes templates.
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        # Of the two parsers the one that refuses a head of megabytes instead of keeping it: strangers may send one.
        http="h11",
        timeout_graceful_shutdown=_LAST_ANSWERS_SECONDS,
    )
    # Ctrl-C is how it ends.
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises ConfigurationError where that is not possible."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise ConfigurationError(
            f"{host}, port {port}: {os.strerror(error.errno or 0)}. Another API may serve there already: use it or end "
            "it, or set NETVEXA_API_PORT to a port that is free"
        ) from error
