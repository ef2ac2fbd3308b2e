"""docs/privacy.md says what the code does, as far as a machine can tell."""

from __future__ import annotations

import re
from pathlib import Path

from orchestration.lib.paths import DataLayout
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


def test_small_cohort__is_the_settings_own() -> None:
    default = AccessSettings.model_fields["small_cohort"].default
    assert f"`NETVEXA_API_SMALL_COHORT` ({default})" in PAGE.read_text(encoding="utf-8")
