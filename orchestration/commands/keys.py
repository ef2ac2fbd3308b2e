"""`netvexa keys`: who may ask the metrics API. A key is shown once and kept hashed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from orchestration.failures import ConfigurationError, RunFailedError
from orchestration.lib.paths import DataLayout
from orchestration.settings import load_settings

if TYPE_CHECKING:
    from serving.api.access.keys import KeyFile
    from serving.roles import Role


@click.group(
    epilog="""\b
Examples:
  netvexa keys create --name "Looker Studio" --role analyst
  netvexa keys create --name "Finance sheet" --role analyst --scope finance --days 30
  netvexa keys list
  netvexa keys revoke 1a2b3c4d"""
)
def keys() -> None:
    """Make, list and revoke keys for the metrics API. A server that runs takes notice at once."""


@keys.command(
    epilog="""\b
Examples:
  netvexa keys create --name "Looker Studio" --role marketing
  netvexa keys create --name "Finance sheet" --role analyst --scope finance --expires 2027-01-01 > finance.key"""
)
@click.option("--name", required=True, help="What it is for. Name the use, not a person: it is kept for ever.")
@click.option("--role", required=True, help="A role of serving/roles.yml; it decides what the key may see.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    help="Only this scope of the role's; may be repeated. Dashboard, query, catalog and ping need the scope catalog.",
)
@click.option("--days", type=click.IntRange(1, 366), help="How long it is good. 90 by default, 366 at most.")
@click.option("--expires", type=click.DateTime(["%Y-%m-%d"]), help="Its last day is the one before, in UTC.")
def create(name: str, role: str, scopes: tuple[str, ...], days: int | None, expires: datetime | None) -> None:
    """Make a key and show it, this once: what is kept is a hash."""
    from datetime import timedelta

    from serving.api.access.keys import DEFAULT_LIFETIME

    if days is not None and expires is not None:
        raise click.UsageError("--days and --expires say the same; give one")
    now = datetime.now(UTC)
    end = expires.replace(tzinfo=UTC) if expires else now + (timedelta(days=days) if days else DEFAULT_LIFETIME)
    granted = _granted(role, scopes)
    with _failures():
        key, token = _key_file().create(name=name, role=role, scopes=scopes or None, created_at=now, expires_at=end)
    click.echo(token)
    # What is for people goes to the other stream, so that the key alone can be piped into a secret store.
    click.echo(
        f"key {key.id}: role {role}, scopes {', '.join(granted)}, good until {end:%Y-%m-%d %H:%M} UTC. It is not shown "
        "again; send it as Authorization: Bearer …, never in a URL",
        err=True,
    )


@keys.command(name="list", epilog="\b\nExample:\n  netvexa keys list")
def list_() -> None:
    """Show every key that was made, without its secret."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    with _failures():
        found = _key_file().entries()
    if not found:
        click.echo("there are no keys; netvexa keys create makes one")
        return
    now = datetime.now(UTC)
    table = Table("key", "name", "role", "scopes", "made", "good until", "", box=None)
    for key in found:
        scopes = "all of the role" if key.scopes is None else ", ".join(key.scopes)
        made, end = (f"{instant:%Y-%m-%d}" for instant in (key.created_at, key.expires_at))
        table.add_row(key.id, escape(key.name), key.role, scopes, made, end, key.refusal(now) or "")
    Console().print(table)


@keys.command(epilog="\b\nExample:\n  netvexa keys revoke 1a2b3c4d")
@click.argument("key_id", metavar="KEY")
def revoke(key_id: str) -> None:
    """Refuse a key from now on. KEY is what `netvexa keys list` shows, the part between the underscores."""
    with _failures():
        key = _key_file().revoke(key_id, datetime.now(UTC))
    click.echo(f"key {key.id} ({key.name}) is refused since {key.revoked_at:%Y-%m-%d %H:%M} UTC")


def _key_file() -> KeyFile:
    from serving.api.access.keys import KeyFile

    return KeyFile(DataLayout(load_settings().data_dir).api_keys)


def _granted(name: str, scopes: tuple[str, ...]) -> list[str]:
    """The scopes the key will have. Raises ConfigurationError for a role or scope that cannot be given."""
    role = _role(name)
    beyond = sorted(set(scopes) - role.scopes)
    if beyond:
        raise ConfigurationError(
            f"--scope {', '.join(beyond)}: role {name} has {', '.join(sorted(role.scopes))}; a key may have fewer of "
            "them, not others"
        )
    return sorted(scopes or role.scopes)


def _role(name: str) -> Role:
    from serving.roles import read_roles

    roles = {role.name: role for role in read_roles()}
    if name not in roles:
        raise ConfigurationError(f"--role {name}: there is no such role in serving/roles.yml ({', '.join(roles)})")
    return roles[name]


@contextmanager
def _failures() -> Iterator[None]:
    """The key file's own errors as the command line's failures."""
    from serving.api.access.keys import KeyFileError, KeyRefusedError

    try:
        yield
    except KeyRefusedError as error:
        raise ConfigurationError(str(error)) from error
    except KeyFileError as error:
        raise RunFailedError(str(error)) from error
    except OSError as error:
        raise RunFailedError(
            f"the file of keys cannot be written ({error}); run this as the user the data directory belongs to, and "
            "see that its disk has room"
        ) from error
