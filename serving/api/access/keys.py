"""API keys: made, listed, revoked and verified against one file.

Belongs here: the file of keys and what makes a key good. Does not: HTTP (credentials, gate), the command line.

A key is `nvx_<key id>_<secret>`; its secret is 256 random bits, so there is nothing to guess and no need for a slow
hash: SHA-256 of such a secret cannot be searched, while a slow hash would cost every request its time. The file holds
hashes only, is replaced whole, and is read again whenever it is another file than the one that was read.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import logging
import os
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from serving.versions import sync

PREFIX = "nvx"
DEFAULT_LIFETIME = timedelta(days=90)
# A year and a day off for the one who renews it: a key that outlives its maker's memory is never revoked.
LONGEST_LIFETIME = timedelta(days=366)

_SECRET_BYTES = 32
_ID_BYTES = 4
_KEY = re.compile(rf"{PREFIX}_([0-9a-f]{{{_ID_BYTES * 2}}})_[0-9a-f]{{{_SECRET_BYTES * 2}}}")
_SHA256 = re.compile("[0-9a-f]{64}")
_LOG = logging.getLogger(__name__)


class KeyRefusedError(ValueError):
    """A key that may not be made or is not there; the message says why and what to do."""


class KeyFileError(RuntimeError):
    """The file of keys cannot be read; the message names it."""


@dataclass(frozen=True)
class ApiKey:
    """What is kept of a key. scopes: None is all of its role's. Instants are UTC; revoked_at: None while it is not."""

    id: str
    name: str
    role: str
    scopes: tuple[str, ...] | None
    secret_sha256: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None

    def refusal(self, now: datetime) -> str | None:
        """Why this key is no longer good, or None."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if now >= self.expires_at else None


# Stands in for every key that does not exist, so that an unknown key is compared and refused as a known one is. No
# text has a hash of zeros that anybody could find, and it is revoked besides.
_NOBODY = ApiKey(
    id="",
    name="",
    role="",
    scopes=(),
    secret_sha256="0" * 64,
    created_at=datetime.min.replace(tzinfo=UTC),
    expires_at=datetime.min.replace(tzinfo=UTC),
    revoked_at=datetime.min.replace(tzinfo=UTC),
)


class KeyFile:
    """The keys in one JSON file, mode 0600. A missing file is one without keys."""

    def __init__(self, path: Path) -> None:
        self.path = path
        # As no file is: the first look is always into it.
        self._read_as: tuple[int, int, int] | None = (0, 0, 0)
        self._keys: Mapping[str, ApiKey] = {}
        self._problem: str | None = None

    def create(
        self,
        *,
        name: str,
        role: str,
        scopes: Sequence[str] | None,
        created_at: datetime,
        expires_at: datetime,
    ) -> tuple[ApiKey, str]:
        """Add a key; returns what is kept, and the key itself, which nobody can tell again.

        Raises KeyRefusedError for an end in the past or beyond `LONGEST_LIFETIME`, KeyFileError for an unreadable file.
        """
        if not created_at < expires_at <= created_at + LONGEST_LIFETIME:
            raise KeyRefusedError(
                f"a key ends between now and {LONGEST_LIFETIME.days} days from now, not on {expires_at:%Y-%m-%d}"
            )
        with self._locked():
            keys = dict(self._load())
            key_id = secrets.token_hex(_ID_BYTES)
            while key_id in keys:
                key_id = secrets.token_hex(_ID_BYTES)
            token = f"{PREFIX}_{key_id}_{secrets.token_hex(_SECRET_BYTES)}"
            key = ApiKey(
                id=key_id,
                name=name,
                role=role,
                scopes=None if scopes is None else tuple(sorted(scopes)),
                secret_sha256=_sha256(token),
                created_at=created_at,
                expires_at=expires_at,
            )
            self._write({**keys, key_id: key})
        return key, token

    def revoke(self, key_id: str, at: datetime) -> ApiKey:
        """Refuse a key from now on; one that is revoked already stays as it is.

        Raises KeyRefusedError for an unknown id, KeyFileError for an unreadable file.
        """
        with self._locked():
            keys = dict(self._load())
            if key_id not in keys:
                # Not repeated: whoever revokes in a hurry gives the key itself.
                raise KeyRefusedError(
                    "there is no key of that id (the part between the underscores); netvexa keys list shows those "
                    "there are"
                )
            if keys[key_id].revoked_at is None:
                keys[key_id] = replace(keys[key_id], revoked_at=at)
                self._write(keys)
            return keys[key_id]

    def entries(self) -> list[ApiKey]:
        """Every key ever made, in the order of making. Raises KeyFileError for an unreadable file."""
        return sorted(self._load().values(), key=lambda key: (key.created_at, key.id))

    def verify(self, token: str, now: datetime) -> tuple[ApiKey, str | None]:
        """The key that `token` names, and why it is refused; None where it is good.

        There is one way through here: what is malformed or unknown is hashed and compared like the rest.
        """
        named = _KEY.fullmatch(token)
        key = self._current().get(named[1] if named else "", _NOBODY)
        is_right = hmac.compare_digest(_sha256(token), key.secret_sha256)
        return key, key.refusal(now) if is_right else "wrong"

    def problem(self) -> str | None:
        """What is wrong with the file, or None; while something is, no key is good."""
        self._current()
        return self._problem

    def _current(self) -> Mapping[str, ApiKey]:
        """The keys as the file has them now; none while it cannot be read."""
        version = self._version()
        if version != self._read_as:
            try:
                self._keys, self._problem = self._load(), None
            except KeyFileError as error:
                _LOG.error("no API key is accepted: %s", error)
                self._keys, self._problem = {}, str(error)
            # Of before the reading: a file replaced meanwhile is read once more.
            self._read_as = version
        return self._keys

    def _version(self) -> tuple[int, int, int] | None:
        # A replaced file has another inode; the time tells an edit in place, and a change of who may read it, too.
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_ctime_ns, found.st_size

    def _load(self) -> Mapping[str, ApiKey]:
        try:
            document = json.loads(self.path.read_text(encoding="utf-8"))
            return {entry["id"]: _from_json(entry) for entry in document["keys"]}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise KeyFileError(
                f"{self.path} cannot be read ({type(error).__name__}: {error}); restore it from the backup, or remove "
                "it and make new keys"
            ) from error

    def _write(self, keys: Mapping[str, ApiKey]) -> None:
        document = {"keys": [_to_json(key) for _, key in sorted(keys.items())]}
        aside = self.path.with_suffix(".next")
        aside.unlink(missing_ok=True)
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 - a descriptor, for its mode
            file.write(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
        aside.replace(self.path)
        # A key that was said to be revoked must stay so after a power cut, too.
        sync(self.path.parent)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One writer at a time: two keys made at once must both be in the file."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self.path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", errors="surrogatepass")).hexdigest()


def _to_json(key: ApiKey) -> dict[str, object]:
    instants = {"created_at": key.created_at, "expires_at": key.expires_at, "revoked_at": key.revoked_at}
    return {**asdict(key), **{name: value and value.isoformat() for name, value in instants.items()}}


def _from_json(entry: Mapping[str, object]) -> ApiKey:
    def instant(name: str) -> datetime:
        parsed = datetime.fromisoformat(str(entry[name]))
        if parsed.tzinfo is None:
            raise ValueError(f"{name} of key {entry['id']} has no offset")
        return parsed

    secret_sha256 = str(entry["secret_sha256"])
    if not _SHA256.fullmatch(secret_sha256):
        raise ValueError(f"key {entry['id']} has no SHA-256")
    scopes = entry["scopes"]
    return ApiKey(
        id=str(entry["id"]),
        name=str(entry["name"]),
        role=str(entry["role"]),
        scopes=None if scopes is None else tuple(str(scope) for scope in scopes),  # type: ignore[attr-defined]
        secret_sha256=secret_sha256,
        created_at=instant("created_at"),
        expires_at=instant("expires_at"),
        revoked_at=None if entry["revoked_at"] is None else instant("revoked_at"),
    )
