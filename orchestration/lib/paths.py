"""Where everything lies: one description of the data directory, and the way to the dbt project.

Paths only; nothing here reads, writes or creates a file.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from orchestration.failures import ConfigurationError

# dbt_project/ is data beside the packages, in the checkout and in the image alike; found here and nowhere else.
_DBT_PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"


def dbt_project_dir() -> Path:
    """The folder of dbt_project.yml and profiles.yml.

    Raises:
        ConfigurationError: the packages were installed without the project beside them.
    """
    if not (_DBT_PROJECT / "dbt_project.yml").is_file():
        raise ConfigurationError(
            f"no dbt project at {_DBT_PROJECT}; run from a checkout, installed with `pip install -e .`"
        )
    return _DBT_PROJECT


@dataclass(frozen=True)
class DataLayout:
    """The folders and files under `NETVEXA_DATA_DIR`."""

    root: Path

    @property
    def lake(self) -> Path:
        """Parquet partitions and their manifests: the source of truth."""
        return self.root / "lake"

    @property
    def pseudonym_keys(self) -> Path:
        """Fingerprints of the secrets behind the tokens' key ids: a part of the lake, as its tokens are."""
        return self.lake / "pseudonym_keys.json"

    @property
    def erasures(self) -> Path:
        """The ledger of erasures and the certificates: outside the lake, so that a restored lake is held to them."""
        return self.root / "erasures"

    @property
    def company_marker(self) -> Path:
        """Which company's data the lake holds."""
        return self.root / "company.json"

    @property
    def warehouse(self) -> Path:
        """The DuckDB file dbt builds into; derived from the lake, may be deleted at any time."""
        return self.root / "warehouse" / "netvexa.duckdb"

    @property
    def audit(self) -> Path:
        """The verdict of gate 2 on the warehouse file as it is."""
        return self.root / "warehouse" / "audit.json"

    @property
    def published(self) -> Path:
        """The versions people read; `current` points to one of them."""
        return self.root / "published"

    @property
    def sample(self) -> Path:
        """What the sample company's sources hold."""
        return self.root / "sample"

    @property
    def dagster_home(self) -> Path:
        """Dagster's own records: runs, events, schedules."""
        return self.root / "dagster"

    @property
    def dbt_target(self) -> Path:
        """dbt's manifest, compiled SQL and run results."""
        return self.root / "dbt"

    @property
    def logs(self) -> Path:
        """dbt's log of the day, and those of earlier days by their date."""
        return self.root / "logs"

    @property
    def runs(self) -> Path:
        """One folder a run, with its log and the data docs of both gates."""
        return self.root / "runs"

    @property
    def superset(self) -> Path:
        """Superset's metadata, secrets and log."""
        return self.root / "superset"

    @property
    def api_keys(self) -> Path:
        """The API's keys, hashed; beside them what else the API keeps for itself."""
        return self.root / "api" / "keys.json"

    @property
    def api_audit(self) -> Path:
        """Who asked the API what, one file a UTC day."""
        return self.root / "audit"

    @property
    def run_lock(self) -> Path:
        """The file whose lock says that a run is going on."""
        return self.root / "run.lock"
