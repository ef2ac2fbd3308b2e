"""`netvexa`: the command line. One module a group of commands in `orchestration.commands`; this one joins them and
turns failures into exit codes.

Exit codes: 0 done; 1 failed, the last good version is still served; 2 bad usage or configuration; 3 another run holds
the lock.
"""

from __future__ import annotations

import sys
import warnings

import click

from orchestration.commands.api import api
from orchestration.commands.configuration import config
from orchestration.commands.dev import dev
from orchestration.commands.erase import erase
from orchestration.commands.keys import keys
from orchestration.commands.publish import publish
from orchestration.commands.quarantine import quarantine
from orchestration.commands.retention import retention
from orchestration.commands.run import backfill, demo, nightly
from orchestration.commands.simulate import simulate
from orchestration.commands.status import status
from orchestration.commands.superset import superset
from orchestration.failures import NetvexaError

USAGE = 2


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--debug", is_flag=True, help="Show the traceback of a failure.")
@click.version_option(package_name="netvexa-warehouse", prog_name="netvexa")
def netvexa(debug: bool) -> None:
    """The batch warehouse of a subscription business: events, billing and spend in, the numbers it is run by out.

    \b
    netvexa demo       a company that never existed, through the whole nightly job, in one command
    netvexa nightly    the same job on the configured sources (netvexa config shows them)
    netvexa backfill   the same job, with days, lists or files read again
    netvexa quarantine what is set aside, and why
    netvexa retention  what has been kept long enough leaves, as it does every night
    netvexa erase      a visitor or an account leaves every number and every file
    netvexa status     what is published, and whether a run is going on
    netvexa api        the numbers over HTTP, for whom netvexa keys has made a key

    Exit codes: 0 done, 1 failed (the last good version is still served), 2 bad usage or configuration, 3 another run
    holds the lock.
    """


for _command in (
    demo,
    nightly,
    backfill,
    publish,
    status,
    quarantine,
    retention,
    erase,
    config,
    simulate,
    dev,
    superset,
    api,
    keys,
):
    netvexa.add_command(_command)


def main() -> None:
    """Entry point: run the command, print one line on a failure, exit with its code."""
    # Libraries warn about each other; whoever wants to read that runs with --debug.
    debug = "--debug" in sys.argv
    if not debug:
        warnings.simplefilter("ignore")
    try:
        code = netvexa.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(USAGE)
    except click.Abort:
        _fail("stopped; the last good version is still served", 1)
    except NetvexaError as error:
        if debug:
            raise
        _fail(str(error), error.exit_code)
    except Exception as error:
        if debug:
            raise
        cause = _root_cause(error)
        _fail(f"{type(cause).__name__}: {' '.join(str(cause).split())} (netvexa --debug … shows where)", 1)
    sys.exit(code if isinstance(code, int) else 0)


def _root_cause(error: BaseException) -> BaseException:
    """The first error of the chain: frameworks wrap it in pages of their own."""
    while error.__cause__ is not None:
        error = error.__cause__
    return error


def _fail(message: str, code: int) -> None:
    click.echo(f"netvexa: {message}", err=True)
    sys.exit(code)
