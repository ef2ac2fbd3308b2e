"""A key id of the lake's tokens stands for one secret, for ever."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from orchestration.failures import ConfigurationError
from orchestration.lib.paths import DataLayout
from orchestration.lib.pseudonym_keys import check_pseudonym_key, remember_pseudonym_key
from orchestration.settings import Settings

SECRET = "a secret of the tests alone"


def settings(folder: Path, key: str | None) -> Settings:
    return Settings(_env_file=None, NETVEXA_DATA_DIR=folder, NETVEXA_PSEUDONYM_KEY=key)


@pytest.fixture
def layout(tmp_path: Path) -> DataLayout:
    """A lake whose tokens were made under k1."""
    layout = DataLayout(tmp_path)
    remember_pseudonym_key(settings(tmp_path, f"k1:{SECRET}"), layout)
    return layout


def test_pseudonym_key__of_a_known_id_with_another_secret_is_refused_without_repeating_either(
    layout: DataLayout,
) -> None:
    with pytest.raises(ConfigurationError, match=r"NETVEXA_PSEUDONYM_KEY.*k1.*another secret") as refusal:
        check_pseudonym_key(settings(layout.root, "k1:another secret altogether"), layout)
    assert "altogether" not in str(refusal.value)
    assert SECRET not in str(refusal.value)


def test_pseudonym_key__of_a_new_id_is_taken_and_the_old_one_stays_known(layout: DataLayout) -> None:
    rotated = settings(layout.root, f"k2:{SECRET} the second")
    check_pseudonym_key(rotated, layout)
    remember_pseudonym_key(rotated, layout)
    check_pseudonym_key(rotated, layout)
    check_pseudonym_key(settings(layout.root, f"k1:{SECRET}"), layout)
    with pytest.raises(ConfigurationError, match="k1"):
        check_pseudonym_key(settings(layout.root, "k1:another secret altogether"), layout)


def test_retired_key__with_another_secret_than_its_tokens_is_refused(layout: DataLayout) -> None:
    changes = {"NETVEXA_PSEUDONYM_KEY": f"k2:{SECRET} the second", "NETVEXA_PSEUDONYM_RETIRED_KEYS": f"k1:{SECRET}"}
    check_pseudonym_key(Settings(_env_file=None, NETVEXA_DATA_DIR=layout.root, **changes), layout)
    changes["NETVEXA_PSEUDONYM_RETIRED_KEYS"] = "k0:of an older lake,k1:another secret altogether"
    with pytest.raises(ConfigurationError, match=r"NETVEXA_PSEUDONYM_RETIRED_KEYS.*k1") as refusal:
        check_pseudonym_key(Settings(_env_file=None, NETVEXA_DATA_DIR=layout.root, **changes), layout)
    assert "altogether" not in str(refusal.value)


def test_pseudonym_key__of_a_lake_that_was_deleted_binds_nobody(layout: DataLayout) -> None:
    shutil.rmtree(layout.lake)
    check_pseudonym_key(settings(layout.root, "k1:another secret altogether"), layout)


def test_pseudonym_key__is_remembered_by_what_does_not_tell_it(layout: DataLayout) -> None:
    kept = layout.pseudonym_keys.read_text(encoding="utf-8")
    assert "k1" in kept
    assert SECRET not in kept


def test_sample_company__whose_key_is_nobodys_secret_leaves_no_record(tmp_path: Path) -> None:
    layout = DataLayout(tmp_path)
    remember_pseudonym_key(settings(tmp_path, None), layout)
    assert not layout.pseudonym_keys.exists()
