"""What the environment may say of serving the API."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from serving.api.settings import ApiSettings


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without `.env`."""
    monkeypatch.chdir(tmp_path)


def test_settings__have_defaults_that_serve_this_machine_only(tmp_path: Path) -> None:
    settings = ApiSettings()
    assert (settings.host, settings.port) == ("127.0.0.1", 8090)
    assert settings.published == tmp_path / "data" / "published"


def test_settings__are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NETVEXA_DATA_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("NETVEXA_API_STATEMENT_TIMEOUT", "2.5")
    settings = ApiSettings()
    assert settings.published == tmp_path / "elsewhere" / "published"
    assert settings.statement_timeout == 2.5


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("NETVEXA_API_HOST", "0.0.0.0"),
        ("NETVEXA_API_HOST", "::"),
        ("NETVEXA_API_HOST", "example.com"),
        ("NETVEXA_API_PORT", "70000"),
        ("NETVEXA_API_STATEMENT_TIMEOUT", "0"),
        ("NETVEXA_API_MEMORY_LIMIT", "all"),
        ("NETVEXA_API_MEMORY_LIMIT", "512MB'; select 1"),
        ("NETVEXA_API_THREADS", "0"),
    ],
)
def test_settings__that_cannot_be_are_refused_by_name(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ValidationError, match=variable):
        ApiSettings()
