"""Opens boxes (box1) and envelopes (box2) in what clients ask for with `private` or `unbox`; nothing of it is kept.

Knows our identity, and the keys of groups and post boxes that `indexing` tells, which reads them in the log. Never knows who asks: the methods that
use it are for the owner alone. Called by the handlers.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from common.bus import Call, CallerError
from common.crypto.envelope import KEY_BYTES
from common.crypto.keys import Keys, read_base64
from common.feed import box2, private
from common.feed.groups import key_of, po_box_secret
from common.feed.json import parse
from common.feed.keyring import MAX_KEYS, Keyring, context_of
from common.feed.opened import opened_value
from common.feed.record import Record

__all__ = ["Boxes", "Opener"]

SLOT_BYTES = 33
Opener: TypeAlias = Callable[..., Record]
"""(record, slot or read key in base64 or None) -> the record with an open message; as it was where that cannot be."""


class Boxes:
    """The keys, and what opens with them."""

    def __init__(self, keys: Keys) -> None:
        self._own = keys.id
        self._secret = private.exchange_secret(keys)
        self._ring = Keyring(keys)

    def opened(self, record: Record, slot: str | None = None) -> Record:
        """Open a record with the slot or read key that is given, else with our keys."""
        if b'.box"' not in record.message and b'.box2"' not in record.message:
            return record
        value = parse(record.message)
        if not isinstance(value, dict) or not isinstance(value.get("content"), str):
            return record
        found = _with_key(value, read_base64(slot)) if slot else None
        found = found or self._with_ours(value)
        return record if found is None else record._replace(message=opened_value(value, found))

    async def take(self, call: Call) -> None:
        """`keys.take({groups, poBoxes})`: open with these keys too."""
        given = call.args[0] if call.args and isinstance(call.args[0], dict) else {}
        groups, boxes = given.get("groups", []), given.get("poBoxes", {})
        if not isinstance(groups, list) or not isinstance(boxes, dict):
            raise CallerError("expected {groups: [key, ...], poBoxes: {id: key}}")
        keys = [key_of(one) for one in groups[:MAX_KEYS]]
        secrets = [
            po_box_secret({"poBoxId": name, "key": key})
            for name, key in list(boxes.items())[:MAX_KEYS]
        ]
        for key in keys:
            if key is not None:
                self._ring.add_reading(key, self._own)
        for secret in secrets:
            if secret is not None:
                self._ring.add_po_box(*secret)

    def _with_ours(self, value: Mapping[str, Any]) -> private.Opened | None:
        if value["content"].endswith(private.SUFFIX):
            return private.unbox(value["content"], self._secret)
        return self._ring.opens(value)


def _with_key(value: Mapping[str, Any], key: bytes) -> private.Opened | None:
    content: str = value["content"]
    if content.endswith(private.SUFFIX):
        return private.unbox_with_slot(content, key) if len(key) == SLOT_BYTES else None
    if not content.endswith(box2.SUFFIX) or len(key) != KEY_BYTES:
        return None
    return box2.unbox_with_key(content, context_of(value), key)
