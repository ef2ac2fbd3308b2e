"""The gate: every request that is not public passes here, or is refused here.

Belongs here: the order of the checks, and what a refusal says. Does not: the checks themselves (credentials, keys,
oidc, limits), what the caller may see then (visibility).

All wrong credentials take one way and get one answer: who is refused learns nothing about why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from anyio import CapacityLimiter, to_thread
from fastapi import FastAPI, HTTPException, Request

from serving.api.access.audit import AuditMiddleware
from serving.api.access.audit_log import AuditLog
from serving.api.access.credentials import bearer_token, is_credential_in_url
from serving.api.access.keys import KeyFile
from serving.api.access.limits import RateLimits
from serving.api.access.oidc import OidcVerifier, TokenRefusedError, read_subject_key
from serving.api.access.principal import Principal
from serving.api.access.settings import AccessSettings
from serving.api.access.unguarded import UnguardedAnswers
from serving.roles import Role, read_roles

Clock = Callable[[], datetime]
_OIDC_THREADS = 4


@dataclass(frozen=True)
class Verdict:
    """What a credential is worth. claimed: whom it names, as far as that is known to us; refusal: for the audit log."""

    claimed: str | None
    principal: Principal | None = None
    refusal: str | None = None


class Gate:
    """Authenticates callers and keeps them to their scopes and limits."""

    def __init__(  # noqa: PLR0913 - its parts, passed by name
        self,
        *,
        keys: KeyFile,
        oidc: OidcVerifier | None,
        roles: Mapping[str, Role],
        limits: RateLimits,
        audit_log: AuditLog,
        small_cohort: int,
        clock: Clock,
    ) -> None:
        self._keys = keys
        self._oidc = oidc
        self._roles = roles
        self._limits = limits
        self._audit_log = audit_log
        self._clock = clock
        # Of their own: strangers' tokens that wait for an issuer must not take the threads that read the numbers.
        self._oidc_threads = CapacityLimiter(_OIDC_THREADS)
        self.small_cohort = small_cohort

    def install(self, app: FastAPI, public: frozenset[str]) -> None:
        """Guard an application: `requires` finds the gate in its state, the audit log hears of every request.

        public: paths that answer everybody; any other answers a caller who was admitted, or not at all. To be called
        after every other middleware was added: the last is the outermost.
        """
        app.state.gate = self
        app.add_middleware(UnguardedAnswers, public=public)
        app.add_middleware(
            AuditMiddleware,
            log=self._audit_log,
            clock=self._clock,
            # Looked up late: who wants another document puts another method into its place.
            openapi=lambda: app.openapi(),  # noqa: PLW0108
        )

    async def admit(self, request: Request, scope: str) -> Principal:
        """The caller, who holds `scope`. Raises HTTPException 401, 403 or 429."""
        token = bearer_token(request)
        address = request.client.host if request.client else ""
        wait = self._limits.wait_of_unknown(address, token)
        if wait is not None:
            request.state.denial = "too many refused credentials"
            raise _too_many("too many requests with credentials that are not good", wait)
        verdict = await self._judge(token)
        request.state.claimed = verdict.claimed
        if verdict.principal is None:
            self._limits.count_failure(address)
            # A key that stands in a URL is to be revoked: whoever reads the log must be able to tell it from a typo.
            request.state.denial = "a credential in the URL" if is_credential_in_url(request) else verdict.refusal
            raise HTTPException(401, "valid credentials are needed", {"WWW-Authenticate": 'Bearer realm="netvexa"'})
        self._limits.remember_good(token)
        return self._keep_to_limits(request, verdict.principal, scope)

    def problem(self) -> str | None:
        """Why the API should get no traffic now, or None."""
        return self._audit_log.problem() or self._keys.problem()

    def close(self) -> None:
        """Finish the audit log."""
        self._audit_log.close()

    async def _judge(self, token: str) -> Verdict:
        # A token is one of the issuer's if it has the three parts of a signed one; all else is judged as a key.
        if self._oidc is not None and token.count(".") == 2:  # noqa: PLR2004 - header.payload.signature
            return await to_thread.run_sync(self._judge_token, self._oidc, token, limiter=self._oidc_threads)
        return self._judge_key(token)

    def _judge_key(self, token: str) -> Verdict:
        key, refusal = self._keys.verify(token, self._clock())
        claimed = f"key:{key.id}" if key.id else None
        role = self._roles.get(key.role)
        if refusal is not None or role is None or claimed is None:
            return Verdict(claimed, refusal=f"key: {refusal or 'its role is gone'}")
        scopes = role.scopes if key.scopes is None else role.scopes & set(key.scopes)
        return Verdict(claimed, Principal(claimed, role.name, scopes))

    def _judge_token(self, oidc: OidcVerifier, token: str) -> Verdict:
        try:
            subject = oidc.verify(token)
        except TokenRefusedError as error:
            return Verdict(None, refusal=f"token: {error}")
        name = f"oidc:{subject.name}"
        return Verdict(name, Principal(name, subject.role, self._roles[subject.role].scopes))

    def _keep_to_limits(self, request: Request, principal: Principal, scope: str) -> Principal:
        request.state.principal = principal
        wait = self._limits.wait_of_caller(principal.name)
        if wait is not None:
            request.state.denial = "too many requests"
            raise _too_many("too many requests", wait)
        if scope not in principal.scopes:
            request.state.denial = f"scope {scope}"
            raise HTTPException(403, f"this needs the scope {scope}, which these credentials do not have")
        request.state.is_admitted = True
        return principal


def open_gate(settings: AccessSettings, *, keys: Path, audit: Path, clock: Clock) -> Gate:
    """The gate by its settings. keys: the file of keys. audit: the folder of the audit log. clock: tells UTC instants.

    To be closed. Raises OSError where the folder of the file of keys cannot be written.
    """
    roles = {role.name: role for role in read_roles()}
    oidc = None
    if settings.oidc_issuer and settings.oidc_audience:
        oidc = OidcVerifier(
            issuer=settings.oidc_issuer,
            audience=settings.oidc_audience,
            role_claim=settings.oidc_role_claim,
            roles=settings.oidc_roles,
            precedence=list(roles),
            subject_key=read_subject_key(keys.with_name("oidc_subjects.secret")),
        )
    return Gate(
        keys=KeyFile(keys),
        oidc=oidc,
        roles=roles,
        limits=RateLimits(settings.rate_limit, settings.failed_attempts),
        audit_log=AuditLog(audit, clock),
        small_cohort=settings.small_cohort,
        clock=clock,
    )


def utc_now() -> datetime:
    """The clock of a server."""
    return datetime.now(UTC)


def _too_many(detail: str, wait: int) -> HTTPException:
    return HTTPException(429, detail, {"Retry-After": str(wait)})
