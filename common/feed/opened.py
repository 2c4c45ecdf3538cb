"""Messages whose box we could open, as clients of ssb-db see them.

Knows the members that ssb-db 20 (`autobox.js`) adds to such a value; never knows keys, nor who may see it: it is for
the owner alone. `storage` and `indexing` give such messages where a client asks for `private`.
"""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from common.feed.json import compact_utf8
from common.feed.private import Opened

__all__ = ["opened_members", "opened_value"]


def opened_members(value: Mapping[str, Any], opened: Opened) -> dict[str, Any]:
    """A message's value with the content that was in its box, and the box as `cyphertext`."""
    boxed, slot = value["content"], b64encode(opened.slot).decode()
    meta = {"original": {"content": boxed}, "private": True, "unbox": slot}
    older = {"cyphertext": boxed, "private": True, "unbox": slot}
    return {**value, "content": opened.content, "meta": meta, **older}


def opened_value(value: Mapping[str, Any], opened: Opened) -> bytes:
    """The JSON of `opened_members`."""
    return compact_utf8(opened_members(value, opened))
