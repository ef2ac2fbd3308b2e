"""Canonical hashes: equal content gives equal hashes, whatever the threads, the file, or the order of insertion.

Belongs here: what canonical means. Does not belong here: where hashes are written down (version).
DuckDB files are never equal byte by byte; the Parquet of a table sorted by all its columns is, for one version of
DuckDB, because the writer cuts row groups by position. Compression is left out: it would only cost time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from serving.quoting import literal

if TYPE_CHECKING:
    import duckdb


def hash_table(connection: duckdb.DuckDBPyConnection, relation: str, scratch: Path) -> str:
    """SHA-256, in hexadecimal, of the relation's canonical Parquet.

    relation: a quoted, qualified name. scratch: a folder for the Parquet, which is removed at once.
    """
    canonical = scratch / "canonical.parquet"
    target = literal(str(canonical))
    connection.execute(
        f"copy (select * from {relation} order by all) to {target} (format parquet, compression uncompressed)"
    )
    try:
        with canonical.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    finally:
        canonical.unlink()


def hash_of_hashes(hashes: Mapping[str, str]) -> str:
    """One SHA-256 over the tables' names and hashes, in the order of the names."""
    lines = "".join(f"{name} {digest}\n" for name, digest in sorted(hashes.items()))
    return hashlib.sha256(lines.encode()).hexdigest()
