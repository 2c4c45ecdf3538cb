"""How large a blob is that is about to be printed.

Knows `blobs.size`; must never fail: it is for the eye alone. Called by `__main__`.
"""

from contextlib import closing, suppress
from typing import Any

from common.feed import json
from common.runtime.settings import Settings
from services.sbot.call import AnswerError, call
from services.sbot.connection import Unreachable, connect

__all__ = ["size_of"]


def size_of(loaded: Settings, args: list[Any]) -> int | None:
    """Bytes of the blob that `blobs.get` with these arguments gives; None where that is not known."""
    given = args[0] if args else None
    options = given if isinstance(given, dict) else {}
    blob = next((v for k in ("id", "key", "hash") if (v := options.get(k))), given)
    shown: list[bytes] = []
    with suppress(AnswerError, Unreachable, OSError), closing(connect(loaded)) as line:
        call(line, ("blobs", "size"), "async", [blob], shown.append)
    size = json.parse(b"".join(shown)) if shown else None
    return size if isinstance(size, int) else None
