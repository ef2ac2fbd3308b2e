"""The published versions: which there are, which is current, making another one current, and clearing away.

Belongs here: the folder of versions and the link `current`. Does not belong here: what is inside a version (version,
publish). One process at a time may write here (the run lock sees to that); any number may read.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from serving.version import Version, read_version

CURRENT = "current"
TEMPORARY_PREFIX = ".tmp-"
VERSION_ID = re.compile(r"\d{8}T\d{6}Z(-\d{2})?")


class VersionNotFound(LookupError):  # noqa: N818 - "not found" says already that it is an error
    """No such version; the message names those there are."""


def versions(root: Path) -> tuple[Version, ...]:
    """Every published version, oldest first; empty when the folder is missing."""
    return tuple(read_version(root / name) for name in version_ids(root))


def version_ids(root: Path) -> tuple[str, ...]:
    """Ids of every published version, oldest first."""
    if not root.is_dir():
        return ()
    return tuple(sorted(entry.name for entry in root.iterdir() if VERSION_ID.fullmatch(entry.name)))


def new_version_id(root: Path, published_at: datetime) -> str:
    """`20261122T020004Z`, with `-02`, `-03` … when that second is taken. Raises ValueError after 99 of them."""
    if published_at.tzinfo is None:
        raise ValueError(f"published_at {published_at.isoformat()} has no offset: pass an instant")
    stem = published_at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    taken = set(version_ids(root))
    candidates = (stem, *(f"{stem}-{number:02}" for number in range(2, 100)))
    for candidate in candidates:
        if candidate not in taken:
            return candidate
    raise ValueError(f"99 versions were published in the second {stem}: check the clock that is passed")


def current_id(root: Path) -> str | None:
    """The id that `current` points to, None before the first publication."""
    link = root / CURRENT
    return link.readlink().name if link.is_symlink() else None


def current(root: Path) -> Version | None:
    """The version people see, None before the first publication.

    Raises VersionNotFound when the link points to a version that was removed by hand.
    """
    version_id = current_id(root)
    return None if version_id is None else find_version(root, version_id)


def find_version(root: Path, version_id: str) -> Version:
    """The version of that id. Raises VersionNotFound, which names the ids there are."""
    available = version_ids(root)
    if version_id not in available:
        raise VersionNotFound(
            f"there is no version {version_id} in {root}; available: {', '.join(available) or 'none'}"
        )
    return read_version(root / version_id)


def point_current_at(root: Path, version_id: str) -> None:
    """Flip the directory link by renaming a new one over it: readers find the old version or the new, never none."""
    aside = root / f"{TEMPORARY_PREFIX}{CURRENT}-{version_id}"
    aside.unlink(missing_ok=True)
    aside.symlink_to(version_id, target_is_directory=True)
    aside.replace(root / CURRENT)
    sync(root)


def prune(root: Path, keep: int) -> tuple[str, ...]:
    """Remove all but the newest `keep` versions, and never the current one; returns the removed ids.

    A version leaves under a temporary name first, so a killed removal leaves no half version behind. Readers that hold
    its file open keep reading it.
    """
    ids = version_ids(root)
    return _remove(root, ids[: max(0, len(ids) - keep)])


def drop_published_by(root: Path, instant: datetime) -> tuple[str, ...]:
    """Remove every version published at `instant` or before, but the current one; returns the removed ids.

    For versions that hold what nobody may see any more: no rollback brings them back.
    """
    return _remove(root, [version.id for version in versions(root) if version.published_at <= instant])


def _remove(root: Path, ids: Sequence[str]) -> tuple[str, ...]:
    served = current_id(root)
    removed = tuple(version_id for version_id in ids if version_id != served)
    for version_id in removed:
        condemned = root / f"{TEMPORARY_PREFIX}{version_id}"
        (root / version_id).rename(condemned)
        shutil.rmtree(condemned)
    return removed


def sweep(root: Path) -> None:
    """Remove what a killed publication left behind: folders and links under temporary names."""
    for entry in root.glob(f"{TEMPORARY_PREFIX}*"):
        if entry.is_symlink() or entry.is_file():
            entry.unlink()
        else:
            shutil.rmtree(entry)


def sync(path: Path) -> None:
    """Put a file, or the names in a folder, on the disk before going on."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
