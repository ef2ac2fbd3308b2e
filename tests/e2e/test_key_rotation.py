"""A night under a new pseudonym key: new tokens where days are read, and otherwise the night that would have been."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingestion.lake import Lake
from ingestion.landing import read_manifests
from ingestion.simulator.world import build_world
from orchestration.failures import ConfigurationError
from orchestration.lib.paths import DataLayout
from orchestration.settings import Settings
from serving.version import Version
from tests.e2e.sources import PSEUDONYM_KEY, Company, company_in_duckdb
from tests.e2e.steps import hashes, land, nightly, read_rows

FIRST_NIGHT = datetime(2026, 3, 12, 3, tzinfo=UTC)
SECOND_NIGHT = datetime(2026, 3, 15, 3, tzinfo=UTC)
# The newest day of the first night was not over, and three days before it are read again.
FIRST_DAY_OF_THE_NEW_KEY = "2026-03-09"
NEW_KEY = "rotated:another secret of the tests"
OLD_ID, NEW_ID = PSEUDONYM_KEY.partition(":")[0], "rotated"

WITHOUT_TOKENS = "select * exclude (visitor_token) from marts.fct_conversations order by conversation_id"
TOKENS = "select conversation_id, visitor_token from marts.fct_conversations where visitor_token is not null"


@pytest.fixture(scope="module")
def second_company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Company, Path]]:
    """The company on its second night, and the data directory of its first."""
    folder = tmp_path_factory.mktemp("rotation")
    world = build_world(SECOND_NIGHT, months=3)
    with company_in_duckdb(world, folder / "first", FIRST_NIGHT) as first:
        nightly(first.settings(folder / "data", FIRST_NIGHT), tested=False)
    with company_in_duckdb(world, folder / "second", SECOND_NIGHT) as second:
        yield second, folder / "data"


@pytest.fixture
def data_dir(second_company: tuple[Company, Path], tmp_path: Path) -> Path:
    """The data directory as the first night left it."""
    return Path(shutil.copytree(second_company[1], tmp_path / "data", symlinks=True))


def under(key: str, company: Company, data_dir: Path) -> Settings:
    environment = company.environment(data_dir, SECOND_NIGHT) | {"NETVEXA_PSEUDONYM_KEY": key}
    return Settings(_env_file=None, **environment)


def tokens(version: Version) -> dict[object, str]:
    return {conversation: str(token) for conversation, token in read_rows(version.warehouse, TOKENS)}


def test_rotated_key__changes_nothing_but_the_tokens_of_the_days_it_read(
    second_company: tuple[Company, Path], data_dir: Path, tmp_path: Path
) -> None:
    company = second_company[0]
    unrotated_dir = Path(shutil.copytree(data_dir, tmp_path / "unrotated", symlinks=True))
    unrotated = nightly(under(PSEUDONYM_KEY, company, unrotated_dir), tested=False)
    rotated = nightly(under(NEW_KEY, company, data_dir))

    as_it_would_have_been, as_it_is = hashes(unrotated), hashes(rotated)
    assert {name for name in as_it_is if as_it_is[name] != as_it_would_have_been[name]} == {"fct_conversations"}
    assert read_rows(rotated.warehouse, WITHOUT_TOKENS) == read_rows(unrotated.warehouse, WITHOUT_TOKENS)

    before, after = tokens(unrotated), tokens(rotated)
    assert before.keys() == after.keys()
    kept = {conversation for conversation, token in after.items() if token.startswith(f"{OLD_ID}_")}
    made_anew = {conversation for conversation, token in after.items() if token.startswith(f"{NEW_ID}_")}
    assert kept | made_anew == after.keys()
    assert kept
    assert made_anew
    assert all(after[conversation] == before[conversation] for conversation in kept)

    lake = Lake(DataLayout(data_dir).lake)
    key_ids = {manifest.partition_value: manifest.key_id for manifest in read_manifests(lake, "app", "events")}
    assert {day for day, key_id in key_ids.items() if key_id == NEW_ID} == {
        day for day in key_ids if day >= FIRST_DAY_OF_THE_NEW_KEY
    }
    assert set(key_ids.values()) == {OLD_ID, NEW_ID}


def test_changed_secret_under_the_same_id__stops_before_anything_is_read(
    second_company: tuple[Company, Path], data_dir: Path
) -> None:
    lake = DataLayout(data_dir).lake
    before = {path: path.read_bytes() for path in lake.rglob("*") if path.is_file()}
    with pytest.raises(ConfigurationError, match=f"tokens of the id {OLD_ID} .* another secret"):
        land(under(f"{OLD_ID}:another secret of the tests", second_company[0], data_dir))
    assert {path: path.read_bytes() for path in lake.rglob("*") if path.is_file()} == before


def test_lake__knows_its_secrets_by_their_fingerprints_only(data_dir: Path) -> None:
    kept = DataLayout(data_dir).pseudonym_keys.read_text(encoding="utf-8")
    assert json.loads(kept).keys() == {OLD_ID}
    assert PSEUDONYM_KEY.partition(":")[2] not in kept
