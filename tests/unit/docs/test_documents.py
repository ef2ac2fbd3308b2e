"""What the documents say about the code is true: links, settings, commands, grants, marts.

Belongs here: claims a machine can hold documents to. Does not: their style.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestration.cli import netvexa
from orchestration.settings import Settings

ROOT = Path(__file__).resolve().parents[3]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/**/*.md")])

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_CODE = re.compile(r"```\w*\n(.*?)```|`([^`\n]+)`", re.DOTALL)


def _text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def _name(document: Path) -> str:
    return document.relative_to(ROOT).as_posix()


def _code(document: Path) -> str:
    """The document's code blocks and code spans, a line each."""
    return "\n".join(block or span for block, span in _CODE.findall(document.read_text(encoding="utf-8")))


def _anchors(document: Path) -> set[str]:
    """Anchors of the headings, as GitHub and its kin make them."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def _broken_links(document: Path) -> Iterator[str]:
    for link in _LINK.findall(document.read_text(encoding="utf-8")):
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            yield link


@pytest.mark.parametrize("document", DOCUMENTS, ids=_name)
def test_document__links_only_to_what_is_there(document: Path) -> None:
    assert list(_broken_links(document)) == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=_name)
def test_document__names_only_commands_that_exist(document: Path) -> None:
    code = _code(document)
    targets = set(re.findall(r"^([a-z][a-z0-9-]*):", _text("Makefile"), re.MULTILINE))
    made = set(re.findall(r"^make ([a-z][a-z0-9-]*)", code, re.MULTILINE))
    called = set(re.findall(r"^(?:\w+=\S+ )*netvexa (?:--debug )?([a-z]+)", code, re.MULTILINE))
    assert made - targets == set()
    assert called - set(netvexa.commands) == set()


def test_index__names_every_document() -> None:
    linked = {(ROOT / "docs" / link).resolve() for link in _LINK.findall(_text("docs/index.md"))}
    documents = {path.resolve() for path in ROOT.glob("docs/**/*.md")} - {(ROOT / "docs/index.md").resolve()}
    assert documents - linked == set()


def test_readme__lists_every_setting() -> None:
    listed = re.findall(r"^\| `([A-Z_]+)` \|", _text("README.md"), re.MULTILINE)
    assert sorted(listed) == sorted(str(field.validation_alias) for field in Settings.model_fields.values())


def test_readme__grants_what_is_proved_to_suffice() -> None:
    grants = re.compile(r"```sql\n(.*?)```", re.DOTALL)
    proved = grants.search(_text("ingestion/sources/app/README.md"))
    shown = grants.search(_text("README.md"))
    assert proved is not None
    assert shown is not None
    assert shown[1] == proved[1]


def test_changelog__knows_every_mart() -> None:
    known = set(re.findall(r"^- \*\*(\w+)\*\*:", _text("CHANGELOG.md"), re.MULTILINE))
    assert known == {path.stem for path in ROOT.glob("dbt_project/models/marts/**/*.sql")}
