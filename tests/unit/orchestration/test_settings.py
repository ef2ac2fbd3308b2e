"""Settings: what the environment may say, and what is refused before anything starts."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from expectations.thresholds import USUAL_LIMITS, BatchLimits
from orchestration.failures import ConfigurationError
from orchestration.lib.paths import dbt_project_dir
from orchestration.settings import SAMPLE_VOLUME_MIN_RATIO, Settings, exported_for_dbt, load_settings, retired_keys

WHOLE = {
    "NETVEXA_APP_DSN": "postgresql://reader:s3cret@db.example.com:5432/netvexa?sslmode=require",
    "STRIPE_API_KEY": "rk_live_s3cret",
    "NETVEXA_PSEUDONYM_KEY": "k1:s3cret",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """No setting is set, and no `.env` is near."""
    for field in Settings.model_fields.values():
        monkeypatch.delenv(str(field.validation_alias), raising=False)
    monkeypatch.chdir(tmp_path)
    return monkeypatch


def configure(environment: pytest.MonkeyPatch, folder: Path, **changes: str | None) -> None:
    values = {**WHOLE, "NETVEXA_SPEND_DIR": str(folder), "NETVEXA_RATES_DIR": str(folder), **changes}
    for name, value in values.items():
        if value is not None:
            environment.setenv(name, value)


def test_settings__nothing_set_means_the_sample_company(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = load_settings()
    assert settings.uses_sample_company
    assert settings.data_dir == tmp_path / "data"
    assert settings.as_of is None


def test_settings__empty_values_count_as_not_set(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("NETVEXA_APP_DSN", "")
    assert load_settings().uses_sample_company


def test_settings__a_pseudonym_key_alone_still_means_the_sample_company(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("NETVEXA_PSEUDONYM_KEY", "k2:other")
    assert load_settings().uses_sample_company


@pytest.mark.parametrize(
    "missing",
    ["NETVEXA_APP_DSN", "STRIPE_API_KEY", "NETVEXA_SPEND_DIR", "NETVEXA_RATES_DIR", "NETVEXA_PSEUDONYM_KEY"],
)
def test_settings__half_a_configuration_is_refused_by_name(
    environment: pytest.MonkeyPatch, tmp_path: Path, missing: str
) -> None:
    configure(environment, tmp_path, **{missing: None})
    with pytest.raises(ConfigurationError, match=missing):
        load_settings().require_whole_configuration()


def test_settings__a_stripe_base_without_a_key_is_no_sample_company(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("STRIPE_API_BASE", "http://127.0.0.1:12111")
    settings = load_settings()
    assert not settings.uses_sample_company
    with pytest.raises(ConfigurationError, match="STRIPE_API_KEY"):
        settings.require_whole_configuration()


def test_settings__a_whole_configuration_is_accepted(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    configure(environment, tmp_path)
    settings = load_settings()
    settings.require_whole_configuration()
    assert not settings.uses_sample_company
    assert settings.for_sample_company().uses_sample_company


def test_settings__a_missing_folder_is_named(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    configure(environment, tmp_path, NETVEXA_SPEND_DIR=str(tmp_path / "nowhere"))
    with pytest.raises(ConfigurationError, match=r"NETVEXA_SPEND_DIR.*nowhere"):
        load_settings().require_whole_configuration()


def test_settings__a_dsn_of_another_database_is_refused_without_its_password(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    configure(environment, tmp_path, NETVEXA_APP_DSN="mysql://reader:s3cret@db/netvexa")
    with pytest.raises(ConfigurationError, match="mysql") as refusal:
        load_settings().require_whole_configuration()
    assert "s3cret" not in str(refusal.value)


def test_settings__an_instant_needs_an_offset(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("NETVEXA_AS_OF", "2026-11-22T03:00:00")
    with pytest.raises(ConfigurationError, match=r"NETVEXA_AS_OF.*offset"):
        load_settings()


@pytest.mark.parametrize("value", ["2026-11-22T03:00:00+01:00", "2026-11-22T02:00:00Z"])
def test_settings__an_instant_is_taken_in_utc(environment: pytest.MonkeyPatch, value: str) -> None:
    environment.setenv("NETVEXA_AS_OF", value)
    assert load_settings().as_of == datetime(2026, 11, 22, 2, tzinfo=UTC)


@pytest.mark.parametrize("value", ["no-colon", ":secret", "k1:"])
def test_settings__a_pseudonym_key_needs_an_id_and_a_secret(environment: pytest.MonkeyPatch, value: str) -> None:
    environment.setenv("NETVEXA_PSEUDONYM_KEY", value)
    with pytest.raises(ConfigurationError, match="NETVEXA_PSEUDONYM_KEY") as refusal:
        load_settings()
    assert value not in str(refusal.value)


def test_settings__an_unknown_time_zone_is_refused(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("NETVEXA_REPORTING_TIMEZONE", "Europe/Atlantis")
    with pytest.raises(ConfigurationError, match="Atlantis"):
        load_settings()


def test_settings__display_masks_every_secret(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    configure(environment, tmp_path)
    shown = dict(load_settings().rows_for_display())
    assert "s3cret" not in repr(shown)
    assert shown["NETVEXA_APP_DSN"] == "postgresql://reader:********@db.example.com:5432/netvexa"
    assert shown["NETVEXA_PSEUDONYM_KEY"] == "k1:********"


def test_settings__environment_wins_over_the_env_file(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("NETVEXA_REPORTING_CURRENCY=USD\nNETVEXA_REPORTING_TIMEZONE=UTC\n")
    environment.setenv("NETVEXA_REPORTING_CURRENCY", "GBP")
    settings = load_settings()
    assert (settings.reporting_currency, settings.reporting_timezone) == ("GBP", "UTC")


def test_settings__defaults_agree_with_the_dbt_project(environment: pytest.MonkeyPatch) -> None:
    project = yaml.safe_load((dbt_project_dir() / "dbt_project.yml").read_text())
    defaults = load_settings().dbt_vars()
    assert defaults == {name: project["vars"][name] for name in defaults}


def test_exported_for_dbt__leaves_the_environment_as_it_was(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.setenv("DO_NOT_TRACK", "0")
    environment.delenv("NETVEXA_WAREHOUSE_PATH", raising=False)
    with exported_for_dbt(tmp_path / "w.duckdb"):
        assert os.environ["NETVEXA_WAREHOUSE_PATH"] == str(tmp_path / "w.duckdb")
    assert "NETVEXA_WAREHOUSE_PATH" not in os.environ
    assert os.environ["DO_NOT_TRACK"] == "0"


def test_settings__limits_of_gate_1_are_the_companys_own_and_the_sample_may_be_quiet(
    environment: pytest.MonkeyPatch,
) -> None:
    assert load_settings().batch_limits == replace(USUAL_LIMITS, volume_min_ratio=SAMPLE_VOLUME_MIN_RATIO)
    environment.setenv("NETVEXA_APP_DSN", "postgresql://reader@127.0.0.1/app")
    assert load_settings().batch_limits == USUAL_LIMITS
    environment.setenv("NETVEXA_QUARANTINE_MAX_SHARE", "0.05")
    environment.setenv("NETVEXA_VOLUME_MIN_RATIO", "0")
    assert load_settings().batch_limits == BatchLimits(quarantine_max_share=0.05, volume_min_ratio=0)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("NETVEXA_QUARANTINE_MAX_SHARE", "20"),
        ("NETVEXA_VOLUME_MIN_RATIO", "-0.1"),
        ("NETVEXA_VOLUME_MIN_RATIO", "nan"),
        ("NETVEXA_LOOK_BACK_DAYS", "0"),
        ("NETVEXA_LOOK_BACK_DAYS", "1.5"),
    ],
)
def test_settings__a_limit_that_is_no_limit_is_refused_by_name(
    environment: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    environment.setenv(variable, value)
    with pytest.raises(ConfigurationError, match=variable):
        load_settings()


def test_settings__retired_keys_are_told_apart_and_shown_by_their_ids_alone(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("NETVEXA_PSEUDONYM_RETIRED_KEYS", "k1:s3cret, k2:s:cret")
    settings = load_settings()
    assert retired_keys(settings.pseudonym_retired_keys) == ["k1:s3cret", "k2:s:cret"]
    assert dict(settings.rows_for_display())["NETVEXA_PSEUDONYM_RETIRED_KEYS"] == "k1:********,k2:********"


def test_settings__a_retired_key_without_an_id_is_refused_without_its_secret(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("NETVEXA_PSEUDONYM_RETIRED_KEYS", "k1:s3cret,0therSecret")
    with pytest.raises(ConfigurationError, match="NETVEXA_PSEUDONYM_RETIRED_KEYS: must be written <key id>") as refused:
        load_settings()
    assert "0therSecret" not in str(refused.value)
