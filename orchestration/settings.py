"""What the environment says, read once and checked before anything starts.

Every setting of the warehouse stands here (the API has its own). No other module of this package touches
`os.environ`; `exported_for_dbt` and `dagster_environment` are here because they write it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit, urlunsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from expectations.thresholds import USUAL_LIMITS, BatchLimits
from orchestration.failures import ConfigurationError

# The four settings that say where real numbers come from. All or none: half a company would publish a mix.
SOURCE_VARIABLES: Mapping[str, str] = {
    "app_dsn": "NETVEXA_APP_DSN",
    "stripe_api_key": "STRIPE_API_KEY",
    "spend_dir": "NETVEXA_SPEND_DIR",
    "rates_dir": "NETVEXA_RATES_DIR",
}


SAMPLE_VOLUME_MIN_RATIO = 0.05


def _instant(value: object) -> object:
    """Read an ISO 8601 instant; a time without an offset could mean any of 38 hours, so it is refused."""
    if isinstance(value, str):
        parsed = datetime.fromisoformat(value)
        if parsed.tzinfo is None:
            raise ValueError(f"{value!r} has no offset; write it like 2026-11-22T03:00:00+01:00 or …Z")
        return parsed.astimezone(UTC)
    return value


class Settings(BaseSettings):
    """The settings of one process. Paths are absolute; the instant is UTC; secrets print as stars."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True)

    data_dir: Path = Field(default=Path("data"), validate_default=True, validation_alias="NETVEXA_DATA_DIR")
    app_dsn: SecretStr | None = Field(default=None, validation_alias="NETVEXA_APP_DSN")
    stripe_api_key: SecretStr | None = Field(default=None, validation_alias="STRIPE_API_KEY")
    stripe_api_base: str | None = Field(default=None, validation_alias="STRIPE_API_BASE")
    spend_dir: Path | None = Field(default=None, validation_alias="NETVEXA_SPEND_DIR")
    rates_dir: Path | None = Field(default=None, validation_alias="NETVEXA_RATES_DIR")
    pseudonym_key: SecretStr | None = Field(default=None, validation_alias="NETVEXA_PSEUDONYM_KEY")
    pseudonym_retired_keys: SecretStr | None = Field(default=None, validation_alias="NETVEXA_PSEUDONYM_RETIRED_KEYS")
    as_of: Annotated[datetime | None, BeforeValidator(_instant)] = Field(default=None, validation_alias="NETVEXA_AS_OF")
    reporting_timezone: str = Field(default="Europe/Berlin", validation_alias="NETVEXA_REPORTING_TIMEZONE")
    reporting_currency: str = Field(default="EUR", pattern="^[A-Z]{3}$", validation_alias="NETVEXA_REPORTING_CURRENCY")
    include_test_mode: bool = Field(default=False, validation_alias="NETVEXA_INCLUDE_TEST_MODE")
    look_back_days: int = Field(default=3, ge=1, validation_alias="NETVEXA_LOOK_BACK_DAYS")
    quarantine_max_share: float = Field(
        default=USUAL_LIMITS.quarantine_max_share, ge=0, le=1, validation_alias="NETVEXA_QUARANTINE_MAX_SHARE"
    )
    volume_min_ratio: float = Field(
        default=USUAL_LIMITS.volume_min_ratio, ge=0, le=1, validation_alias="NETVEXA_VOLUME_MIN_RATIO"
    )

    # A UTC day leaves when more days than these lie between it and the run's. Events: headline numbers look back 400
    # days, and a client's clock may be 366 days behind, so that no delivery comes after its event has left.
    retention_events_days: int = Field(default=1826, ge=400, validation_alias="NETVEXA_RETENTION_EVENTS_DAYS")
    retention_quarantine_days: int = Field(default=90, ge=1, validation_alias="NETVEXA_RETENTION_QUARANTINE_DAYS")
    retention_logs_days: int = Field(default=90, ge=1, validation_alias="NETVEXA_RETENTION_LOGS_DAYS")
    retention_versions_days: int = Field(default=30, ge=1, validation_alias="NETVEXA_RETENTION_VERSIONS_DAYS")

    superset_url: str = Field(default="http://127.0.0.1:8088", validation_alias="NETVEXA_SUPERSET_URL")
    superset_secret_key: SecretStr | None = Field(default=None, validation_alias="NETVEXA_SUPERSET_SECRET_KEY")
    superset_metadata_uri: SecretStr | None = Field(default=None, validation_alias="NETVEXA_SUPERSET_METADATA_URI")
    superset_admin_password: SecretStr | None = Field(default=None, validation_alias="NETVEXA_SUPERSET_ADMIN_PASSWORD")

    @field_validator("data_dir", "spend_dir", "rates_dir")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        return None if value is None else value.expanduser().resolve()

    @field_validator("reporting_timezone")
    @classmethod
    def _known_timezone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"{value!r} is no time zone of the IANA database, such as Europe/Berlin") from error
        return value

    @field_validator("pseudonym_key")
    @classmethod
    def _key_with_id(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            key_id, separator, secret = value.get_secret_value().partition(":")
            if not (separator and key_id and secret):
                raise ValueError("must be written <key id>:<secret>, so that keys can be rotated")
        return value

    @field_validator("pseudonym_retired_keys")
    @classmethod
    def _keys_with_ids(cls, value: SecretStr | None) -> SecretStr | None:
        for given in retired_keys(value):
            cls._key_with_id(SecretStr(given))
        return value

    @property
    def uses_sample_company(self) -> bool:
        """True when no source is configured at all."""
        return all(getattr(self, field) is None for field in SOURCE_VARIABLES) and self.stripe_api_base is None

    def for_sample_company(self) -> Settings:
        """The same settings with no source configured; a pseudonym key, if given, stays."""
        return self.model_copy(update={**dict.fromkeys(SOURCE_VARIABLES), "stripe_api_base": None})

    def require_whole_configuration(self) -> None:
        """Refuse sources that are configured by halves, or that can be seen to be unusable.

        Raises:
            ConfigurationError: names every missing variable, an unknown DSN scheme, or a folder that is not there.
        """
        missing = [variable for field, variable in SOURCE_VARIABLES.items() if getattr(self, field) is None]
        if self.pseudonym_key is None:
            missing.append("NETVEXA_PSEUDONYM_KEY")
        if missing:
            raise ConfigurationError(
                f"some sources are configured, but not {', '.join(missing)}. Set all of them, or none to use the "
                "sample company: real and sample numbers are never mixed."
            )
        assert self.app_dsn is not None
        scheme = urlsplit(self.app_dsn.get_secret_value()).scheme
        if scheme not in {"postgresql", "postgres", "duckdb"}:
            raise ConfigurationError(
                f"NETVEXA_APP_DSN must begin with postgresql:// (or duckdb:///file), not with {scheme or 'nothing'}://"
            )
        for variable, folder in (("NETVEXA_SPEND_DIR", self.spend_dir), ("NETVEXA_RATES_DIR", self.rates_dir)):
            assert folder is not None
            if not folder.is_dir():
                raise ConfigurationError(f"{variable}: there is no folder {folder}")

    @property
    def batch_limits(self) -> BatchLimits:
        """What stops a batch at gate 1."""
        # The sample company has a few dozen bursty agents: a quiet day of theirs is no sign of anything.
        volume_min_ratio = SAMPLE_VOLUME_MIN_RATIO if self.uses_sample_company else self.volume_min_ratio
        return BatchLimits(quarantine_max_share=self.quarantine_max_share, volume_min_ratio=volume_min_ratio)

    def dbt_vars(self) -> dict[str, object]:
        """The dbt variables that are settings; the rest keep the defaults of dbt_project.yml."""
        return {
            "reporting_timezone": self.reporting_timezone,
            "reporting_currency": self.reporting_currency,
            "include_test_mode": self.include_test_mode,
        }

    def rows_for_display(self) -> list[tuple[str, str]]:
        """(variable, value) of every setting in the order of the manual, secrets masked."""
        rows = []
        for field, info in type(self).model_fields.items():
            value = getattr(self, field)
            rows.append((str(info.validation_alias), _display(field, value)))
        return rows


def retired_keys(value: SecretStr | None) -> list[str]:
    """The keys that made tokens before the current one, as `<key id>:<secret>` each; written with commas between."""
    return [] if value is None else [key.strip() for key in value.get_secret_value().split(",") if key.strip()]


def _display(field: str, value: object) -> str:
    if value is None:
        return ""
    if field == "app_dsn" and isinstance(value, SecretStr):
        return _without_password(value.get_secret_value())
    if field == "pseudonym_key" and isinstance(value, SecretStr):
        # The key's id is written beside every partition, so it is no secret; which key is in use is worth seeing.
        return f"{value.get_secret_value().partition(':')[0]}:********"
    if field == "pseudonym_retired_keys" and isinstance(value, SecretStr):
        return ",".join(f"{key.partition(':')[0]}:********" for key in retired_keys(value))
    if isinstance(value, datetime):
        return value.isoformat()
    return "********" if isinstance(value, SecretStr) else str(value)


def _without_password(dsn: str) -> str:
    """The DSN as far as it is no secret: user, host and database, neither password nor query parameters."""
    parts = urlsplit(dsn)
    if not parts.netloc:
        return urlunsplit((parts.scheme, "", parts.path, "", "")) if parts.scheme else "********"
    credentials, at, host = parts.netloc.rpartition("@")
    user, colon, _ = credentials.partition(":")
    netloc = f"{user}{':********' if colon else ''}{at}{host}"
    return urlunsplit((parts.scheme, netloc, parts.path, "", ""))


def load_settings() -> Settings:
    """Read the environment, and `.env` in the working directory for what it does not say.

    Raises:
        ConfigurationError: one line naming each variable that cannot be read, without its value if it is a secret.
    """
    try:
        return Settings()
    except ValidationError as error:
        problems = "; ".join(
            f"{_variable(problem['loc'])}: {problem['msg'].removeprefix('Value error, ')}" for problem in error.errors()
        )
        raise ConfigurationError(problems) from None


def _variable(location: tuple[Any, ...]) -> str:
    return str(location[0]) if location else "settings"


@contextmanager
def exported_for_dbt(warehouse: Path) -> Iterator[None]:
    """Put into the environment what dbt's profiles.yml reads, for as long as dbt runs in this process."""
    exports = {"NETVEXA_WAREHOUSE_PATH": str(warehouse), "DO_NOT_TRACK": "1", "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
    before = {name: os.environ.get(name) for name in exports}
    os.environ.update(exports)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def dagster_environment(home: Path) -> dict[str, str]:
    """The environment for Dagster's own server processes: ours, and where its instance lives."""
    return {**os.environ, "DAGSTER_HOME": str(home), "DO_NOT_TRACK": "1"}


def superset_environment() -> dict[str, str]:
    """This process's environment, of which Superset's own process is given a part."""
    return dict(os.environ)


def superset_passwords(roles: Iterable[str]) -> dict[str, str]:
    """Passwords of the dashboards' users, by role, as far as NETVEXA_SUPERSET_PASSWORD_<ROLE> gives them."""
    given = {role: os.environ.get(f"NETVEXA_SUPERSET_PASSWORD_{role.upper()}", "") for role in roles}
    return {role: password for role, password in given.items() if password}
