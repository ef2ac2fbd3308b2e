"""Named, seeded streams of chance and the identifiers drawn from them.

Every decision draws from the stream of its own subject (an account, a day), so that a longer history of the same
company repeats the shorter one exactly. Nothing may draw from a global generator.
"""

import hashlib
import random
import uuid

import numpy as np
import numpy.typing as npt


def digest(*names: object) -> bytes:
    """32 bytes that depend on the names alone."""
    return hashlib.sha256("\x1f".join(str(name) for name in names).encode()).digest()


def stream(*names: object) -> random.Random:
    """A scalar stream for the subject named."""
    return random.Random(int.from_bytes(digest(*names), "big"))


def vector_stream(*names: object) -> np.random.Generator:
    """A numpy stream for the subject named."""
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest(*names)[:16], "big")))


def uuid_of(*names: object) -> str:
    """A version-4-shaped UUID as text."""
    return str(uuid.UUID(bytes=digest(*names)[:16], version=4))


def stripe_id(prefix: str, *names: object) -> str:
    """An identifier of Stripe's form, such as `sub_` and 24 characters."""
    return f"{prefix}_{digest(prefix, *names).hex()[:24]}"


def happens(rng: random.Random, chance: float) -> bool:
    """One throw: True with the given chance."""
    return rng.random() < chance


def throws(rng: np.random.Generator, chance: float, count: int) -> npt.NDArray[np.bool_]:
    """`count` throws at once, each True with the given chance."""
    return rng.random(count) < chance
