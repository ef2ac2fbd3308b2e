"""The API's settings of access: who is believed, how often they may ask, what is small.

Environment variables only, read by pydantic; what is decided by them is not here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from serving.roles import read_roles

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


class AccessSettings(BaseSettings):
    """Settings of one process.

    rate_limit: requests a minute and caller. failed_attempts: refused credentials a minute and client address before
    unknown ones wait. small_cohort: groups of fewer accounts or agents are suppressed below management.
    oidc_roles: JSON object, value of the claim to role, such as `{"bi-analysts": "analyst"}`.
    oidc_role_claim: the claim's name; where there is none of that name, dots lead into objects (`realm_access.roles`).
    """

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True)

    rate_limit: int = Field(default=600, ge=1, validation_alias="NETVEXA_API_RATE_LIMIT")
    failed_attempts: int = Field(default=30, ge=1, validation_alias="NETVEXA_API_FAILED_ATTEMPTS")
    small_cohort: int = Field(default=5, ge=1, validation_alias="NETVEXA_API_SMALL_COHORT")
    oidc_issuer: str | None = Field(default=None, validation_alias="NETVEXA_API_OIDC_ISSUER")
    oidc_audience: str | None = Field(default=None, validation_alias="NETVEXA_API_OIDC_AUDIENCE")
    oidc_role_claim: str = Field(default="roles", min_length=1, validation_alias="NETVEXA_API_OIDC_ROLE_CLAIM")
    # Read below: left to itself the library fails over what is no JSON without saying which variable it was.
    oidc_roles: Annotated[Mapping[str, str], NoDecode] = Field(
        default_factory=dict, validation_alias="NETVEXA_API_OIDC_ROLES"
    )

    @field_validator("oidc_issuer")
    @classmethod
    def _encrypted(cls, value: str | None) -> str | None:
        if value is not None and not is_trustworthy(value):
            raise ValueError(f"{value} is to begin with https://: whoever can change its keys can be anybody")
        return value

    @field_validator("oidc_roles", mode="before")
    @classmethod
    def _json(cls, value: object) -> object:
        try:
            return json.loads(value) if isinstance(value, str) else value
        except ValueError as error:
            raise ValueError('is to be a JSON object such as {"bi-analysts": "analyst"}') from error

    @field_validator("oidc_roles")
    @classmethod
    def _known_roles(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        known = {role.name for role in read_roles()}
        unknown = sorted(set(value.values()) - known)
        if unknown:
            raise ValueError(f"{', '.join(unknown)} is no role of roles.yml ({', '.join(sorted(known))})")
        return value

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.oidc_issuer and not (self.oidc_audience and self.oidc_roles):
            raise ValueError(
                "NETVEXA_API_OIDC_ISSUER is set, but not NETVEXA_API_OIDC_AUDIENCE and NETVEXA_API_OIDC_ROLES: "
                "without them a token for another service would do, or none"
            )
        return self


def is_trustworthy(address: str) -> bool:
    """Whether keys fetched from this address are its owner's: https, or a server on this machine."""
    parts = urlsplit(address)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
