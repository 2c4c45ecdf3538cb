"""What came before its key: opened when the key is there; and the names of groups, when their first message is there.

Envelopes that nothing opened are tried again whenever a key was added, also one that was added before a restart: the fold keeps a mark of the keys
that all were tried with. Knows the log and the fold; which key opens what is for `boxes.py`. Called by `__main__`.
"""

import asyncio
import logging
from binascii import a2b_base64
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from common.bus import BusError
from common.feed.groups import Added, Excluded, is_group, key_text
from common.feed.json import parse
from common.feed.keyring import Group
from common.feed.record import Record
from common.refs import MessageId
from common.store import StoreFull, next_prefix
from services.indexing.adapters.follower import PATIENCE_S, PAUSE_S, RETRY_S, Follower
from services.indexing.adapters.key_file import Kept
from services.indexing.adapters.log import Log
from services.indexing.boxes import Boxes
from services.indexing.model.index import Index
from services.indexing.model.message import PRIVATE, Message, parse_value
from services.indexing.model.view import Row
from services.indexing.views.groups import LEFT, MEMBERS, PO_BOX, Envelopes, Groups

__all__ = ["Unsealer", "restore"]

LOGGER = logging.getLogger("indexing")
AT_ONCE = 100
"""Envelopes looked up, fetched and written together."""
TURN_S = 0.005
"""Of trying keys, then others have their turn."""


def restore(boxes: Boxes, index: Index, kept: Kept) -> None:
    """Take the keys that messages told of before, and those of the file."""
    for own in kept.own:
        boxes.own_key(a2b_base64(own))
    for name, group in kept.groups.items():
        root = None if group.root is None else MessageId(group.root)
        boxes.register(name, Group(a2b_base64(group.key), root))
    for name, secret in kept.po_boxes.items():
        boxes.post_box(name, a2b_base64(secret))
    for row in index.scan(Groups.name, MEMBERS, next_prefix(MEMBERS), spaces=(PRIVATE,)):
        said = _said(row)
        key, members = a2b_base64(said["key"]), tuple(said["members"])
        boxes.invite(Added("", key, said["root"], members), said["author"])
    for row in index.scan(Groups.name, PO_BOX, next_prefix(PO_BOX), spaces=(PRIVATE,)):
        said = _said(row)
        if said["by"]:
            boxes.post_box(said["poBoxId"], a2b_base64(said["key"]))
    for row in index.scan(Groups.name, LEFT, next_prefix(LEFT), spaces=(PRIVATE,)):
        said = _said(row)
        if said["by"]:
            excluded = Excluded(said["group"], tuple(said["members"]))
            boxes.ask_to_leave(excluded, a2b_base64(said["by"]))


def _said(row: Row) -> dict[str, Any]:
    said = parse(row.value)
    assert isinstance(said, dict)  # noqa: S101  the view wrote it
    return said


class Unsealer:
    """Tries again what could not be opened."""

    def __init__(self, log: Log, index: Index, follower: Follower, boxes: Boxes) -> None:
        self._log = log
        self._index = index
        self._follower = follower
        self._boxes = boxes
        self._asked = asyncio.Event()
        self._asked.set()
        self._named = asyncio.Event()
        boxes.on_news = follower.on_connected = self._ask

    async def named(self) -> None:
        """Wait a moment until the groups are known by their names that can be: first thing in queries about them."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                await self._named.wait()

    async def work(self) -> None:
        """Do so for ever."""
        while True:
            await self._asked.wait()
            try:
                await self._log.wait_up()
                await self._attend()
                await self._open()
            except StoreFull as error:
                LOGGER.info("nothing is opened: %s", error)
                self._asked.set()
                await asyncio.sleep(PAUSE_S)
            except BusError as error:
                LOGGER.info("opening again: %s", error)
                self._asked.set()
                await asyncio.sleep(RETRY_S)

    async def _attend(self) -> None:
        """Tell storage the keys, and find the names of groups."""
        self._asked.clear()
        await self._share()
        await self._name()
        if not self._asked.is_set():
            self._named.set()

    def _ask(self) -> None:
        self._asked.set()
        self._named.clear()

    async def _share(self) -> None:
        ring = self._boxes.ring
        boxes = {name: key_text(secret) for name, secret in ring.po_boxes.items()}
        await self._log.share_keys([key_text(key) for key in ring.reading], boxes)

    async def _name(self) -> None:
        roots = sorted({root for _, root in self._boxes.invitations})
        for root, record in zip(roots, await self._log.records_of(roots), strict=True):
            if record is not None:
                self._boxes.resolve(root, parse_value(record.message))

    async def _open(self) -> None:
        """Try all envelopes that are closed, until none was tried with fewer keys than there are."""
        while (keys := self._boxes.ring.fingerprint()) != self._index.tried:
            await self._follower.until(partial(self._listed, self._index.front))
            start = b""
            while rows := list(self._index.scan(Envelopes.name, start, limit=AT_ONCE)):
                start = rows[-1].key + b"\0"
                wanted = [row.position for row in rows if self._is_wanted(row.position)]
                await self._try(await self._log.records(wanted))
                if self._asked.is_set():
                    await self._attend()
            if self._boxes.ring.fingerprint() == keys:
                self._index.note_tried(keys)

    def _is_wanted(self, position: int) -> bool:
        """Whether it is closed, or was opened in another slot than that of its group, whose key may be there now."""
        opened = self._index.kept(position)
        said = None if opened is None else opened.content
        recipients = said.get("recps") if isinstance(said, dict) else None
        if opened is None or not isinstance(recipients, list):
            return opened is None
        return len(recipients) > 1 and is_group(recipients[0])

    def _listed(self, front: int) -> bool:
        """Whether all envelopes up to a position of the log are in the view of them."""
        return self._index.positions()[Envelopes.name] >= front

    async def _try(self, records: Sequence[tuple[int, Record]]) -> None:
        opened, clock = list[Message](), asyncio.get_running_loop().time
        began = clock()
        for position, record in records:
            message = self._index.read(position, record)
            if message.opened is not None:
                opened.append(message)
            if clock() - began > TURN_S:
                self._write(opened)
                opened = []
                await asyncio.sleep(0)
                began = clock()
        self._write(opened)

    def _write(self, opened: Sequence[Message]) -> None:
        if opened:
            closed = [one.position for one in opened if self._index.kept(one.position) is None]
            self._follower.told_late(self._index.late(opened), closed)
