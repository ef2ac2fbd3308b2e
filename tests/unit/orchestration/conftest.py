"""Doubles that the unit tests of orchestration share."""

from __future__ import annotations

import pytest


class RecordedProgress:
    """`Progress` that remembers what it was told."""

    def __init__(self) -> None:
        self.phases: list[str] = []
        self.done_lines: list[str] = []
        self.warnings: list[str] = []

    def phase(self, title: str) -> None:
        self.phases.append(title)

    def doing(self, text: str) -> None:
        pass

    def done(self, text: str) -> None:
        self.done_lines.append(text)

    def warn(self, text: str) -> None:
        self.warnings.append(text)


@pytest.fixture
def progress() -> RecordedProgress:
    return RecordedProgress()
