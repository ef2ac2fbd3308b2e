"""OIDC bearer tokens: whether an issuer we believe says who this is.

Belongs here: discovery, keys, claims. Does not: what the role may see (visibility), API keys (keys).

Everything that cannot be checked is refused: an issuer that is away, a key it does not have, a claim that is missing.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import logging
import os
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
import requests

from serving.api.access.settings import is_trustworthy

# Signed with the issuer's private key. HS256 would make its public key the secret, `none` needs none.
ALGORITHMS = ("RS256", "ES256")
# What OpenID Connect requires of every token; `nbf` it does not know, so it is obeyed where an issuer sends it.
_REQUIRED = ("exp", "iat", "iss", "aud", "sub")
_LEEWAY_SECONDS = 30
_TIMEOUT_SECONDS = 5
_KEYS_KEPT_SECONDS = 300
# An issuer that is away is asked again after this: requests must not queue up behind its time-outs.
_RETRY_SECONDS = 10
_SUBJECT_KEY_BYTES = 32
_LOG = logging.getLogger(__name__)


class TokenRefusedError(Exception):
    """A token that proves nothing; the message is for the log, and repeats nothing of the token."""


@dataclass(frozen=True)
class Subject:
    """Whom a token names. name: keyed hash of issuer and subject. role: the first of ours that its claim maps to."""

    name: str
    role: str


def read_subject_key(path: Path) -> bytes:
    """The secret that hides subjects in the audit log, made by the first who asks: a plain hash could be undone by
    trying names. Raises OSError where its folder cannot be written."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            # Under its name only when it is whole; whoever was killed before left what is written over.
            aside = path.with_suffix(".next")
            descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor, for its mode
                file.write(secrets.token_bytes(_SUBJECT_KEY_BYTES))
                file.flush()
                os.fsync(file.fileno())
            aside.replace(path)
    return path.read_bytes()


class OidcVerifier:
    """Verifies tokens of one issuer for one audience. Threads may share it."""

    def __init__(  # noqa: PLR0913 - settings, passed by name
        self,
        *,
        issuer: str,
        audience: str,
        role_claim: str,
        roles: Mapping[str, str],
        precedence: Sequence[str],
        subject_key: bytes,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """roles: claim value to role. precedence: roles, the one that wins first. subject_key: hides subjects."""
        self._issuer = issuer
        self._audience = audience
        self._role_claim = role_claim
        self._roles = roles
        self._precedence = precedence
        self._subject_key = subject_key
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._keys: jwt.PyJWKClient | None = None
        self._not_before = float("-inf")

    def verify(self, token: str) -> Subject:
        """Whom the token names. Raises TokenRefusedError, also while the issuer cannot be asked for its keys."""
        claims = self._claims(token)
        role = self._role(claims)
        identity = f"{claims['iss']}\n{claims['sub']}".encode(errors="surrogatepass")
        return Subject(name=hmac.digest(self._subject_key, identity, hashlib.sha256).hex()[:32], role=role)

    def _claims(self, token: str) -> Mapping[str, Any]:
        try:
            header = jwt.get_unverified_header(token)
            # Before anything is fetched: whoever sends nonsense must not make us ask the issuer.
            if header.get("alg") not in ALGORITHMS or not isinstance(header.get("kid"), str):
                raise TokenRefusedError("its algorithm is not accepted, or it names no key")
            key = self._signing_key(header["kid"])
            return jwt.decode(
                token,
                key,
                algorithms=[header["alg"]],
                audience=self._audience,
                issuer=self._issuer,
                leeway=_LEEWAY_SECONDS,
                options={"require": list(_REQUIRED)},
            )
        except jwt.PyJWTError as error:
            raise TokenRefusedError(f"its claims or signature are not good ({type(error).__name__})") from error

    def _role(self, claims: Mapping[str, Any]) -> str:
        found: Any = claims.get(self._role_claim)
        if found is None:
            found = claims
            for step in self._role_claim.split("."):
                found = found.get(step) if isinstance(found, Mapping) else None
        values = [found] if isinstance(found, str) else found if isinstance(found, list) else []
        held = {self._roles.get(value) for value in values if isinstance(value, str)}
        for role in self._precedence:
            if role in held:
                return role
        raise TokenRefusedError("its claim names no role of ours")

    def _signing_key(self, key_id: str) -> jwt.PyJWK:
        with self._lock:
            if self._monotonic() < self._not_before:
                raise TokenRefusedError("the issuer could not be asked for its keys a moment ago")
            try:
                if self._keys is None:
                    self._keys = self._discover()
                return self._keys.get_signing_key(key_id)
            except (requests.RequestException, jwt.PyJWKClientConnectionError, ValueError) as error:
                self._not_before = self._monotonic() + _RETRY_SECONDS
                _LOG.error("no OIDC token is accepted: %s cannot be asked for its keys: %s", self._issuer, error)
                raise TokenRefusedError("the issuer cannot be asked for its keys") from error

    def _discover(self) -> jwt.PyJWKClient:
        """The issuer's keys, found by its discovery document. Raises RequestException, ValueError for a wrong one."""
        address = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
        answer = requests.get(address, timeout=_TIMEOUT_SECONDS, allow_redirects=False)
        answer.raise_for_status()
        document = answer.json()
        if not isinstance(document, dict) or document.get("issuer") != self._issuer:
            raise ValueError(f"{address} speaks for another issuer")
        keys = document.get("jwks_uri")
        if not isinstance(keys, str) or not is_trustworthy(keys):
            raise ValueError(f"{address} names no jwks_uri that begins with https://")
        return jwt.PyJWKClient(keys, lifespan=_KEYS_KEPT_SECONDS, timeout=_TIMEOUT_SECONDS)
