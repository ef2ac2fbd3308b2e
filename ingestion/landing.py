"""Staged partitions into the lake: commit, discard, recover, and reading the lake's own record of itself.

Belongs here: the order of steps that makes a partition old or new, never half (docs/lake.md). Does not: writing
Parquet (staging), reading sources, or judging a batch (the gate, outside).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from ingestion.contract import StagedBatch, StagedPartition
from ingestion.lake import (
    DATA_FILE,
    MANIFEST_FILE,
    NEXT_SUFFIX,
    QUARANTINE_FILE,
    STAGING_FOLDER,
    Lake,
    file_sha256,
    sync,
)
from ingestion.manifest import Manifest

# A commit mostly waits for the disk, which flushes several files in the time of one.
COMMITTED_AT_ONCE = 8


def commit(lake: Lake, staged: StagedBatch) -> list[Manifest]:
    """Land every partition of a batch, each whole or not at all; returns their manifests in the batch's order.

    May be interrupted anywhere: `recover` makes each partition old or new again.
    """
    with ThreadPoolExecutor(COMMITTED_AT_ONCE, thread_name_prefix="commit") as threads:
        return list(threads.map(partial(_commit_partition, lake), staged.partitions))


def discard(lake: Lake, run_id: str) -> None:
    """Remove what a run has staged. Landed partitions are not touched."""
    shutil.rmtree(lake.staging(run_id), ignore_errors=True)


def recover(lake: Lake) -> list[str]:
    """Heal what a killed run left behind; returns one line for each partition healed.

    Call it at the start of a run, under the run lock: it also drops whatever any run had staged.
    """
    shutil.rmtree(lake.root / STAGING_FOLDER, ignore_errors=True)
    interrupted = sorted({path.parent for path in lake.root.glob(f"raw_*/*/*/*{NEXT_SUFFIX}")})
    return [_recover_partition(lake, folder) for folder in interrupted]


def read_manifests(lake: Lake, source: str | None = None, table: str | None = None) -> list[Manifest]:
    """Manifests of the landed partitions, all or of one source or table, ordered by path.

    A partition whose manifest cannot be read counts as not landed: it is read again.
    """
    manifests = (_read_manifest(folder) for folder in lake.partition_folders(source, table))
    return [manifest for manifest in manifests if manifest is not None]


def remove(lake: Lake, manifest: Manifest) -> None:
    """Take a landed partition out of the lake, whole: readers see all of it or none. Once more changes nothing."""
    _remove_partition(lake, _folder(lake, manifest))


def is_intact(lake: Lake, manifest: Manifest) -> bool:
    """Whether every file a manifest names is there with the checksum it names."""
    folder = _folder(lake, manifest)
    for name, stamp in manifest.files.items():
        path = folder / name
        if not path.is_file() or path.stat().st_size != stamp.bytes or file_sha256(path) != stamp.sha256:
            return False
    return True


def _folder(lake: Lake, manifest: Manifest) -> Path:
    return lake.partition(manifest.source, manifest.table, manifest.partition_key, manifest.partition_value)


def _commit_partition(lake: Lake, staged: StagedPartition) -> Manifest:
    manifest = staged.manifest
    folder = _folder(lake, manifest)
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.glob(f"*{NEXT_SUFFIX}")):
        _recover_partition(lake, folder)
    record = staged.path.with_name(MANIFEST_FILE)
    record.write_text(manifest.to_json(), encoding="utf-8")
    sync(record)
    staged.path.replace(_next(folder, DATA_FILE))
    if staged.quarantine_path is not None:
        staged.quarantine_path.replace(_next(folder, QUARANTINE_FILE))
    sync(folder)
    # The commit: from here on the partition is the new one, whatever happens.
    record.replace(folder / MANIFEST_FILE)
    sync(folder)
    _finish(lake, folder, manifest)
    return manifest


def _finish(lake: Lake, folder: Path, manifest: Manifest) -> None:
    """Bring a committed partition to its final names.

    `data.parquet.next` goes last: while it stands, recovery knows that there may be something left to do. These renames
    need no flush: should the machine lose them, recovery makes them again.
    """
    for value in manifest.replaces:
        _remove_partition(lake, lake.partition(manifest.source, manifest.table, manifest.partition_key, value))
    if QUARANTINE_FILE not in manifest.files:
        (folder / QUARANTINE_FILE).unlink(missing_ok=True)
    for name in (QUARANTINE_FILE, DATA_FILE):
        if _next(folder, name).exists():
            _next(folder, name).replace(folder / name)


def _recover_partition(lake: Lake, folder: Path) -> str:
    manifest = _read_manifest(folder)
    named = {name: stamp.sha256 for name, stamp in manifest.files.items()} if manifest is not None else {}
    pending = sorted(folder.glob(f"*{NEXT_SUFFIX}"))
    belongs = {path: named.get(path.name.removesuffix(NEXT_SUFFIX)) == file_sha256(path) for path in pending}
    _unlink(path for path in pending if not belongs[path])
    where = folder.relative_to(lake.root)
    if manifest is not None and any(belongs.values()):
        _finish(lake, folder, manifest)
        return f"{where}: finished the commit of run {manifest.run_id}"
    if manifest is None:
        shutil.rmtree(folder)
    return f"{where}: dropped files that were never committed"


def _read_manifest(folder: Path) -> Manifest | None:
    try:
        return Manifest.from_json((folder / MANIFEST_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _remove_partition(lake: Lake, folder: Path) -> None:
    """Take a partition out of readers' sight in one rename, then delete it."""
    if not folder.exists():
        return
    doomed = lake.root / STAGING_FOLDER / f"removed-{folder.parent.name}-{folder.name}"
    shutil.rmtree(doomed, ignore_errors=True)
    doomed.parent.mkdir(parents=True, exist_ok=True)
    folder.replace(doomed)
    sync(folder.parent)
    shutil.rmtree(doomed)


def _next(folder: Path, name: str) -> Path:
    return folder / (name + NEXT_SUFFIX)


def _unlink(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
