"""docs/privacy.md says what the code does, as far as a machine can tell."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic.fields import FieldInfo

from orchestration.lib.paths import DataLayout
from orchestration.settings import Settings
from serving.api.access.settings import AccessSettings
from tests.privacy.canaries import ENCODINGS
from tests.privacy.page import PAGE, with_allow_list
from tests.privacy.test_scanner import CONTAINERS

# Not in the table of stores: it holds no data, or nobody's.
HOLD_NOTHING = {"run.lock", "company.json", "sample"}


def test_allow_list__is_that_of_the_code() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert with_allow_list(page) == page, "write it anew: python -m tests.privacy.page"


def test_stores__are_all_named() -> None:
    page = PAGE.read_text(encoding="utf-8")
    stores = page[page.index("## Stores") : page.index("## A person's rights")]
    named = {name.split("/")[0] for name in re.findall(r"`([a-z_.]+/?[a-z_./]*)`", stores)}
    layout = DataLayout(Path("/"))
    folders = {
        getattr(layout, name).relative_to(layout.root).parts[0]
        for name, value in vars(DataLayout).items()
        if isinstance(value, property)
    }
    assert folders - named == HOLD_NOTHING


def test_proof__counts_what_is_tried() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert f"in {len(ENCODINGS)} encodings" in page
    assert f"in {len(CONTAINERS)} kinds of containers" in page


@pytest.mark.parametrize(
    "field",
    [
        *(field for name, field in Settings.model_fields.items() if name.startswith("retention_")),
        AccessSettings.model_fields["small_cohort"],
    ],
    ids=lambda field: str(field.validation_alias),
)
def test_setting__stands_in_the_page_with_its_default(field: FieldInfo) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert f"`{field.validation_alias}` ({field.default})" in page
    assert set(re.findall(rf"`{field.validation_alias}` \(([0-9]+)\)", page)) == {str(field.default)}
