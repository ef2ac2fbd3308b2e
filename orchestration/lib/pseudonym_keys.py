"""Which secret stands behind each key id of the lake's tokens: a fingerprint of each, beside the partitions.

Here belongs noticing that a secret was changed under an id that is in use: the tokens of one id would then be of two
secrets, and nobody could tell which, nor find a person again to erase it. Making tokens is the business of ingestion.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable, Mapping

from orchestration.failures import ConfigurationError
from orchestration.lib.paths import DataLayout
from orchestration.settings import Settings, retired_keys

# What is signed; a token is the same function of a visitor's id, which is never this.
_SIGNED = b"netvexa: fingerprint of a pseudonym key\0"
_LETTERS = 32


def check_pseudonym_key(settings: Settings, layout: DataLayout) -> None:
    """Refuse a secret, current or retired, other than the one that made the lake's tokens under the same key id.

    Raises:
        ConfigurationError: names the setting, the id and what to do; never the secret.
    """
    held = _held(layout)
    current = _fingerprints(_current(settings))
    retired = _fingerprints(retired_keys(settings.pseudonym_retired_keys))
    for setting, fingerprints in (("NETVEXA_PSEUDONYM_KEY", current), ("NETVEXA_PSEUDONYM_RETIRED_KEYS", retired)):
        for key_id, fingerprint in fingerprints.items():
            if not hmac.compare_digest(held.get(key_id, fingerprint), fingerprint):
                raise ConfigurationError(
                    f"{setting}: tokens of the id {key_id} in {layout.lake} were made with another secret. Put that "
                    "secret back, or give the new one an id that was never used (docs/runbooks/"
                    "rotate-the-pseudonym-key.md)."
                )


def remember_pseudonym_key(settings: Settings, layout: DataLayout) -> None:
    """Keep the fingerprint of the key that is about to make tokens; those of earlier ids stay."""
    known = {**_held(layout), **_fingerprints(_current(settings))}
    if known and known != _held(layout):
        layout.lake.mkdir(parents=True, exist_ok=True)
        aside = layout.pseudonym_keys.with_suffix(".tmp")
        aside.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        aside.replace(layout.pseudonym_keys)


def _current(settings: Settings) -> list[str]:
    """The configured key; none where the sample company's own is used."""
    return [] if settings.pseudonym_key is None else [settings.pseudonym_key.get_secret_value()]


def _fingerprints(keys: Iterable[str]) -> Mapping[str, str]:
    """By the id of each `<key id>:<secret>`."""
    parts = (key.partition(":") for key in keys)
    return {key_id: hmac.digest(secret.encode(), _SIGNED, "sha256").hex()[:_LETTERS] for key_id, _, secret in parts}


def _held(layout: DataLayout) -> Mapping[str, str]:
    if not layout.pseudonym_keys.exists():
        return {}
    return dict(json.loads(layout.pseudonym_keys.read_text(encoding="utf-8")))
