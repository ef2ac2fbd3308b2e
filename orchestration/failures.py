"""The ways a command ends other than well, each with its exit code.

Here belongs what a person at the terminal must be able to tell apart. What goes wrong inside a source, a model or a
check is that room's own error; the job turns it into `RunFailedError` with the one line worth reading.
"""

from __future__ import annotations


class NetvexaError(Exception):
    """A failure with a message for people: the cause, and what to do next. One line."""

    exit_code = 1


class RunFailedError(NetvexaError):
    """The nightly job did not publish; the last good version is still served."""


class ConfigurationError(NetvexaError):
    """A setting is missing or unusable, found before anything was read or written."""

    exit_code = 2


class RunLockedError(NetvexaError):
    """Another run holds the lock of this data directory."""

    exit_code = 3
