"""What opens the private boxes that are for us.

Knows our exchange key; never knows what is in a box. Called by `__main__`.
"""

from collections.abc import Mapping
from typing import Any

from common.crypto.keys import Keys
from common.feed import private
from common.feed.private import Opened
from services.indexing.model.message import Opens

__all__ = ["opener"]


def opener(keys: Keys) -> Opens:
    """A function that opens the content of a message's value, and gives None for what is no box for these keys."""
    secret = private.exchange_secret(keys)

    def opens(value: Mapping[str, Any]) -> Opened | None:
        content = value["content"]
        boxed = isinstance(content, str) and content.endswith(private.SUFFIX)
        return private.unbox(content, secret) if boxed else None

    return opens
