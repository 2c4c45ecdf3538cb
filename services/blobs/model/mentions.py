"""The blobs that a message mentions, and which of them are wanted because it does.

Pure: the bytes of a message in, hashes out. A private message shows none: what it says is not looked into.
"""

import re
from typing import Any, NamedTuple

import orjson

from common.refs.ids import raw

__all__ = ["Policy", "mentioned", "wished"]

_LINK = re.compile(rb"&[a-zA-Z0-9/+]{42}[AEIMQUYcgkosw048]=\.sha256")


class Policy(NamedTuple):
    """Whose mentions are wanted: up to so many hops away, below 0 nobody's.

    `max` bytes, in messages of these `types`; 0 and none are no limit.
    """

    hops: int
    max: int
    types: frozenset[str]


def mentioned(message: bytes) -> list[bytes]:
    """The hashes (32 bytes) of the blobs whose ids stand in the canonical bytes of a message, each once."""
    if b"&" not in message:
        return []
    return list({raw(found.decode()): None for found in _LINK.findall(message)})


def wished(message: bytes, blobs: list[bytes], policy: Policy) -> list[bytes]:
    """Those of the mentioned blobs that the policy lets through: by type of the message, and by size where it says one."""
    if policy.hops < 0 or not blobs:
        return []
    content = _content(message)
    if policy.types and content.get("type") not in policy.types:
        return []
    sizes = _sizes(content) if policy.max else {}
    return [blob for blob in blobs if sizes.get(blob, 0) <= policy.max or not policy.max]


def _content(message: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(message)
    except ValueError:  # a lone surrogate, which JavaScript lets pass
        return {}
    content = value.get("content") if isinstance(value, dict) else None
    return content if isinstance(content, dict) else {}


def _sizes(content: dict[str, Any]) -> dict[bytes, float]:
    """What the links of a message say of their sizes: `{link, size}`, wherever it stands."""
    sizes: dict[bytes, float] = {}
    waiting: list[Any] = [content]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            waiting += value.values()
            link, size = value.get("link"), value.get("size")
            found = _LINK.match(link.encode()) if isinstance(link, str) else None
            if found and isinstance(size, int | float):
                sizes[raw(found[0].decode())] = size
    return sizes
