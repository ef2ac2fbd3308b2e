"""Rules of the house that a tool can hold: who imports whom, who reads the environment, what importing costs."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("ingestion", "expectations", "orchestration", "serving", "superset_dashboards")
MAX_LINES = 450
# The two settings modules and Superset's own configuration, and nothing else, know that there is an environment.
READ_THE_ENVIRONMENT = {
    "orchestration/settings.py",
    "serving/api/settings.py",
    "superset_dashboards/superset_config.py",
}


def modules(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_imports__keep_to_the_contracts() -> None:
    linted = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert linted.returncode == 0, linted.stdout


def test_environment__is_read_in_the_settings_modules_only() -> None:
    readers = {
        name_of(path)
        for path in modules(*PACKAGES)
        if re.search(r"\bos\.(environ|getenv|putenv)\b|from os import .*\b(environ|getenv)\b", path.read_text())
    }
    assert readers <= READ_THE_ENVIRONMENT


def test_modules__are_small_and_say_what_belongs_in_them() -> None:
    for path in modules(*PACKAGES):
        source = path.read_text()
        assert len(source.splitlines()) < MAX_LINES, name_of(path)
        if source.strip():
            assert ast.get_docstring(ast.parse(source)), name_of(path)


def test_modules__have_no_drawer_for_everything() -> None:
    names = {name_of(path) for path in modules(*PACKAGES)}
    assert {name for name in names if Path(name).stem in {"utils", "helpers", "common", "misc"}} == set()


def test_repository__names_no_machine_and_no_registry() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    for name in tracked:
        if Path(name).suffix in {".py", ".md", ".sql", ".yml", ".yaml", ".toml", ".lock", ".json"}:
            text = (ROOT / name).read_text(encoding="utf-8", errors="replace") if (ROOT / name).exists() else ""
            assert f"{ROOT}/" not in text, name
            assert "index-url" not in text or name == "tests/test_architecture.py", name


@pytest.mark.parametrize(
    "module", ["orchestration.cli", "orchestration.definitions", "expectations.catalogue", "serving.versions"]
)
def test_import__of_what_every_command_needs_loads_no_heavy_library(module: str) -> None:
    heavy = {"great_expectations", "dbt", "dagster_dbt", "pandas", "scipy"}
    if module != "orchestration.definitions":
        heavy |= {"dagster", "pyarrow"}
    found = subprocess.run(
        [sys.executable, "-c", f"import sys, {module}; print(*{{name.partition('.')[0] for name in sys.modules}})"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert heavy & set(found.stdout.split()) == set()


def test_packages__are_all_listed_for_the_wheel() -> None:
    configuration = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert tuple(configuration["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) == PACKAGES
    assert set(configuration["tool"]["importlinter"]["root_packages"]) == set(PACKAGES)


def test_wheel__holds_every_module_and_imports_from_elsewhere(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)],
        capture_output=True,
        check=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    elsewhere = tmp_path / "elsewhere"
    with zipfile.ZipFile(wheel) as archive:
        assert {name_of(path) for path in modules(*PACKAGES)} <= set(archive.namelist())
        archive.extractall(elsewhere)
    # -P and an explicit path: what is missing from the wheel must not be found in the checkout instead.
    check = (
        f"import sys; sys.path.insert(0, {str(elsewhere)!r}); import {', '.join(PACKAGES)}; "
        f"print(all(m.__file__.startswith({str(elsewhere)!r}) for m in ({', '.join(PACKAGES)},)))"
    )
    found = subprocess.run(
        [sys.executable, "-P", "-c", check], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "True"
