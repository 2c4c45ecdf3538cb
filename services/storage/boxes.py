"""Opens private boxes (box1) in what clients ask for with `private` or `unbox`; nothing of it is kept.

Knows our exchange key. Never knows who asks: the methods that use it are for the owner alone. Called by the handlers.
"""

from collections.abc import Callable
from typing import TypeAlias

from common.crypto.keys import Keys, read_base64
from common.feed import private
from common.feed.json import parse
from common.feed.opened import opened_value
from common.feed.record import Record

__all__ = ["Opener", "opener"]

SLOT_BYTES = 33
Opener: TypeAlias = Callable[..., Record]
"""(record, slot in base64 or None) -> the record with an open message; as it was where that cannot be."""


def opener(keys: Keys) -> Opener:
    """A function that opens the box of a record: with the slot that is given, else with our key."""
    secret = private.exchange_secret(keys)

    def opened(record: Record, slot: str | None = None) -> Record:
        if b'.box"' not in record.message:
            return record
        value = parse(record.message)
        content = value.get("content") if isinstance(value, dict) else None
        if not isinstance(value, dict) or not isinstance(content, str):
            return record
        found = _with_slot(content, slot) if slot else None
        found = found or private.unbox(content, secret)
        return record if found is None else record._replace(message=opened_value(value, found))

    return opened


def _with_slot(boxed: str, slot: str) -> private.Opened | None:
    key = read_base64(slot)
    return private.unbox_with_slot(boxed, key) if len(key) == SLOT_BYTES else None
