"""What the environment says about serving the API. Who may use it has settings of its own (access).

The second of two modules that read the environment (the other is the warehouse's own).
"""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class ApiSettings(BaseSettings):
    """How the API listens and how much one request may take. Paths are absolute."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True)

    data_dir: Path = Field(default=Path("data"), validate_default=True, validation_alias="NETVEXA_DATA_DIR")
    host: str = Field(default="127.0.0.1", validation_alias="NETVEXA_API_HOST")
    port: int = Field(default=8090, ge=0, le=65535, validation_alias="NETVEXA_API_PORT")
    # Seconds one request may wait for its turn in DuckDB, and seconds all its statements may then take together.
    statement_timeout: float = Field(default=10, gt=0, validation_alias="NETVEXA_API_STATEMENT_TIMEOUT")
    # Of DuckDB's buffers, for each version that is open: one, and older ones while requests on them last.
    memory_limit: str = Field(
        default="512MB", pattern=r"^[1-9][0-9]*(MB|GB|MiB|GiB)$", validation_alias="NETVEXA_API_MEMORY_LIMIT"
    )
    threads: int = Field(default=2, ge=1, validation_alias="NETVEXA_API_THREADS")

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().resolve()

    @field_validator("host")
    @classmethod
    def _this_machine_only(cls, value: str) -> str:
        if not ip_address(value).is_loopback:
            raise ValueError("must be a loopback address: TLS and the outside are a reverse proxy's business")
        return value

    @property
    def published(self) -> Path:
        """The folder of published versions."""
        return self.data_dir / "published"
