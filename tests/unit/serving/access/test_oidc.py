"""The secret that hides an issuer's subjects; tokens are verified against a real issuer (integration)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from serving.api.access.oidc import read_subject_key


def test_secret_of_subjects__is_one_whoever_makes_it_first_and_is_never_read_half_written(tmp_path: Path) -> None:
    for number in range(50):
        path = tmp_path / str(number) / "oidc_subjects.secret"
        with ThreadPoolExecutor(8) as processes:
            found = set(processes.map(read_subject_key, [path] * 8))
        assert len(found) == 1
        assert len(found.pop()) == 32
        assert path.stat().st_mode & 0o777 == 0o600
