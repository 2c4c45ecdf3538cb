"""What this service answers on the bus, one function a method.

Knows arguments and error texts; decides nothing of replication itself. The table in `actor` names them.
"""

import asyncio
from typing import Any, Protocol

from common.bus import Call, CallerError, Node, Stream
from common.feed.items import item_of
from common.feed.record import Record
from common.refs import is_feed
from common.runtime.limits import Shares, window
from services.replication.adapters.appender import Appender
from services.replication.adapters.hub import Hub
from services.replication.adapters.link import Link
from services.replication.adapters.peers import Peers
from services.replication.model import Wishes
from services.replication.request import HistoryRequest, blocks_in, feed_in, read_request

VERSIONS = (2, 3)
MASTER = "master"
MAX_HISTORIES = 3_072
"""Streams of histories in all: storage takes 4,096 calls from us, the rest is for EBT and the log."""
LEAST_HISTORIES = 16
"""That every peer may have, however many others are there."""
WRONG_VERSION = "expected ebt.replicate({version: 3 or 2})"


class Parts(Protocol):
    """What the handlers work with; `ready` once heads and graph are known."""

    node: Node
    hub: Hub
    appender: Appender
    peers: Peers
    wishes: Wishes
    ready: asyncio.Event


class Handlers:
    """The methods, around the parts of the service."""

    def __init__(self) -> None:
        self.parts: Parts | None = None
        self._started = asyncio.Event()
        self._histories = Shares(MAX_HISTORIES, LEAST_HISTORIES)

    def begin(self, parts: Parts) -> None:
        """From now on calls are answered; those that came before waited."""
        self.parts = parts
        self._started.set()

    async def replicate(self, call: Call) -> None:
        """`ebt.replicate`: an EBT session with the caller.

        Raises:
            CallerError: the version is none that is spoken here (ssb-ebt 5.6.7's text).
            PeerError: the peer broke the protocol.
        """
        wanted = call.args[0] if call.args else None
        version = wanted.get("version") if isinstance(wanted, dict) else None
        if version not in VERSIONS or isinstance(version, bool):
            raise CallerError(WRONG_VERSION)
        peer = call.caller.feed
        if not is_feed(peer):
            raise CallerError("ebt.replicate is for peers")
        parts = await self._ready()
        parts.peers.called_ebt(call.caller.connection)
        link = Link(parts.hub, parts.appender, call, peer, int(version))
        await link.run(client=False)

    async def create_history_stream(self, call: Call) -> None:
        """`createHistoryStream`: one feed from a sequence on, as ssb-db and ssb-replicate give it.

        Raises:
            CallerError: the options are wrong; the reference's texts.
        """
        parts = await self._ready()
        parts.peers.called_history(call.caller.connection)
        caller = call.caller.feed
        if parts.wishes.is_blocking(feed_in(call.args), caller):
            return
        wanted = read_request(call.args, parts.hub.clock)
        if wanted is None:
            return
        counted = call.caller.role != MASTER
        if counted and not self._histories.enter(caller):
            parts.hub.refusals.note("too many histories")
            raise CallerError("too many histories at once", "overloaded")
        credit = window(self._histories.held(caller))
        try:
            for options in wanted.reads(parts.hub.clock.get(wanted.feed, 0)):
                stream = parts.node.source("storage", "feeds.read", options, window=credit)
                if await _carry(call, wanted, stream):
                    return
        finally:
            if counted:
                self._histories.leave(caller)

    async def health(self, _: Call) -> dict[str, Any]:
        """Say what is under way."""
        parts = self.parts
        if parts is None:
            return {"service": "replication", "ready": False, "state": {}}
        trouble = parts.appender.trouble
        state = {
            "state": "paused" if trouble else "ok",
            **({"why": trouble} if trouble else {}),
            "feeds": len(parts.hub.clock),
            "wanted": len(parts.wishes.wanted),
            "sessions": len(parts.hub.links),
            "histories": self._histories.taken,
            "refused": dict(parts.hub.refusals),
            "notes_passed_over": parts.hub.passed_over,
        }
        return {"service": "replication", "ready": parts.ready.is_set(), "state": state}

    async def _ready(self) -> Parts:
        await self._started.wait()
        assert self.parts is not None  # noqa: S101  set before the event
        await self.parts.ready.wait()
        return self.parts


async def _carry(call: Call, wanted: HistoryRequest, stream: Stream) -> bool:
    """Sends what a read gives; whether it ended at a block of the caller."""
    async with stream:
        async for batch in stream:
            records = [Record.parse(raw) for raw in batch.bodies]
            items, blocked = _items(wanted, records, call.caller.feed)
            await call.send(items)
            if blocked:
                return True
    return False


def _items(wanted: HistoryRequest, records: list[Record], caller: str) -> tuple[list[bytes], bool]:
    """The items of these records, up to one by which the author blocks the caller; and whether one did."""
    items: list[bytes] = []
    for record in records:
        if not record.message:
            continue
        if blocks_in(record.message, caller):
            return items, True
        items.append(item_of(record, keys=wanted.keys, values=wanted.values))
    return items, False
