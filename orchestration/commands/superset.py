"""`netvexa superset`: the dashboards, served on this machine, and their files pushed, pulled and validated."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import click
from rich.console import Console

from orchestration.commands.terminal import terminal_progress
from orchestration.failures import RunFailedError
from orchestration.lib.paths import DataLayout
from orchestration.settings import load_settings


@click.group(
    invoke_without_command=True,
    epilog="""\b
Examples:
  netvexa superset             make, push and serve; Ctrl-C ends it
  netvexa superset validate    whether every name in the files resolves; needs no Superset
  netvexa superset push        the files into the Superset that runs
  netvexa superset pull        what was edited in Superset, back into the files""",
)
@click.pass_context
def superset(context: click.Context) -> None:
    """Serve the dashboards over the published version, on 127.0.0.1.

    The first time, Superset's own environment is made (two minutes, 850 MB); after that it starts in seconds. Users are
    admin and one for each role of serving/roles.yml; their passwords come from the environment
    (NETVEXA_SUPERSET_PASSWORD_<ROLE>) or are made up and printed once.
    """
    if context.invoked_subcommand is None:
        _serve()


def _serve() -> None:
    from orchestration.lib.dashboards import push_dashboards, running_superset, signed_in

    settings, console = load_settings(), Console()
    layout = DataLayout(settings.data_dir)
    # A service manager ends a service with SIGTERM; Superset's own processes must end with it.
    signal.signal(signal.SIGTERM, _interrupt)
    with terminal_progress(console) as progress:
        progress.phase("Superset")
        with running_superset(settings, layout, progress) as address:
            passwords: dict[str, str] = {}
            try:
                with _failures(), signed_in(settings, layout) as client:
                    passwords = push_dashboards(client, layout, progress)
            except RunFailedError as error:
                # An older version, served again, may not know what today's files show: yesterday's dashboards will do.
                progress.warn(f"the dashboards were not pushed, and stay as they were: {error}")
            for user, password in passwords.items():
                progress.done(f"user {user}, password {password} (shown once)")
            password_file = layout.superset / "admin_password.secret"
            if settings.superset_admin_password is None:
                progress.done(f"user admin, password in {password_file}")
            progress.done(f"{address}/superset/dashboard/executive/ (Ctrl-C ends it)")
            progress.doing("serving")
            try:
                signal.pause()
            except KeyboardInterrupt:
                progress.done("stopped")


@superset.command()
def push() -> None:
    """Push dashboards and roles into the running Superset, and remove what the files no longer have."""
    from orchestration.lib.dashboards import push_dashboards, signed_in

    settings = load_settings()
    layout = DataLayout(settings.data_dir)
    with terminal_progress(Console()) as progress, _failures(), signed_in(settings, layout) as client:
        for user, password in push_dashboards(client, layout, progress).items():
            progress.done(f"user {user}, password {password} (shown once)")


@superset.command()
def pull() -> None:
    """Write what was edited in Superset back into the files; git shows what changed."""
    from orchestration.lib.dashboards import published_content, signed_in
    from superset_dashboards.assets import ASSETS, read_assets
    from superset_dashboards.pull import pull as pull_assets

    settings = load_settings()
    layout = DataLayout(settings.data_dir)
    with _failures(), signed_in(settings, layout) as client:
        written = pull_assets(client, read_assets(), published_content(layout).targets, ASSETS)
    for path in written:
        click.echo(path.relative_to(ASSETS.parent))
    click.echo(f"{len(written)} files written")


@superset.command()
def validate() -> None:
    """Check, without Superset, that every name in the files resolves against the dbt project."""
    from orchestration.lib.dashboards import unresolved

    found = unresolved(load_settings())
    for line in found:
        click.echo(line)
    if found:
        raise RunFailedError(f"{len(found)} names do not resolve")
    click.echo("every name resolves")


@contextmanager
def _failures() -> Iterator[None]:
    """Superset's and the files' own errors as the command line's failure."""
    from superset_dashboards.assets import AssetError
    from superset_dashboards.client import SupersetError
    from superset_dashboards.layout import UnknownLayoutError

    try:
        yield
    except (AssetError, SupersetError, UnknownLayoutError) as error:
        raise RunFailedError(str(error)) from error


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt
