"""Inputs to begin from, out of the vectors."""

import json
from functools import cache
from pathlib import Path
from typing import Any

_VECTORS = Path(__file__).parent.parent / "vectors"
MAX_SEED = 16 * 1024


@cache
def cases(file: str) -> list[dict[str, Any]]:
    """The cases of a file of `tests/vectors`, by its path without suffix."""
    found: list[dict[str, Any]] = json.loads((_VECTORS / f"{file}.json").read_text("utf-8"))[
        "cases"
    ]
    return found


def texts(file: str, *keys: str) -> list[bytes]:
    """Each text under one of the keys as bytes; half surrogate pairs stay what they are."""
    found = [case.get(key) for case in cases(file) for key in keys]
    encoded = [text.encode("utf-8", "surrogatepass") for text in found if isinstance(text, str)]
    return _small(encoded)


def hexes(file: str, *keys: str) -> list[bytes]:
    """Each value in hex under one of the keys."""
    found = [case.get(key) for case in cases(file) for key in keys]
    return _small([bytes.fromhex(text) for text in found if isinstance(text, str)])


def as_text(data: bytes) -> str:
    """Text as JSON can hold it, half surrogate pairs and all."""
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _small(found: list[bytes]) -> list[bytes]:
    return [seed for seed in dict.fromkeys(found) if len(seed) <= MAX_SEED]
