"""Runs of messages that are missing inside a feed: asked of one peer after the other by `createHistoryStream`.

Knows peers' histories and where storage takes what comes out of order; must never know why they are missing. Called by the
handler.
"""

import asyncio
import logging
from contextlib import suppress
from typing import Final, NamedTuple

from common.bus import BusError, Node, Stream
from common.feed.record import pack_candidate
from common.feed.validate import Verified, verify_batch
from common.refs import FeedId
from common.runtime.workers import worker_of
from services.replication.adapters.peers import Peers

__all__ = ["MAX_RANGE", "Range", "Ranges"]

LOGGER: Final = logging.getLogger(__name__)
MAX_RANGE: Final = 1_000
"""Messages of one run."""
KEPT_AT_ONCE: Final = 100
"""What `ooo.put` takes."""
ASK_SECONDS: Final = 30.0
"""For so long one peer is read from."""
SILENCE_SECONDS: Final = 5.0
"""Without an item: so long a peer may keep the others waiting."""
WINDOW: Final = 1 << 17


class Range(NamedTuple):
    """Messages of a feed, first and last sequence."""

    feed: FeedId
    first: int
    last: int


class Ranges:
    """What asks for them."""

    def __init__(self, node: Node, peers: Peers, hmac_key: bytes | None) -> None:
        self._node = node
        self._peers = peers
        self._hmac_key = hmac_key

    async def fetch(self, wanted: Range) -> bool:
        """Ask the peers of this worker until all came; whether all did.

        Raises:
            BusError: storage does not take what came.
        """
        left = set(range(wanted.first, wanted.last + 1))
        for connection, _ in self._peers.connected():
            if left:
                left -= await self._ask(connection, wanted._replace(first=min(left)))
        return not left

    async def _ask(self, connection: str, wanted: Range) -> set[int]:
        """The sequences that a peer brought."""
        n, shape = wanted.last - wanted.first + 1, {"keys": False, "live": False}
        options = {"id": wanted.feed, "seq": wanted.first, "limit": n, **shape}
        name = ["createHistoryStream"]
        call = {"connection": connection, "name": name, "type": "source", "args": [options]}
        came: set[int] = set()
        seen = 0
        stream = self._node.duplex(worker_of(connection), "connections.call", call, window=WINDOW)
        with suppress(TimeoutError):
            async with asyncio.timeout(ASK_SECONDS), stream:
                while seen < n and (texts := await self._next(stream)) is not None:
                    seen += len(texts)
                    came |= await self._keep(texts[:n], wanted)
        return came

    async def _next(self, stream: Stream) -> list[bytes] | None:
        try:
            async with asyncio.timeout(SILENCE_SECONDS):
                batch = await anext(stream, None)
        except BusError as error:
            LOGGER.info("a peer gives no history: %s", error)
            return None
        return None if batch is None else list(batch.bodies)

    async def _keep(self, texts: list[bytes], wanted: Range) -> set[int]:
        """Hand what was asked for to storage, verified."""
        verdicts = await asyncio.to_thread(verify_batch, texts, self._hmac_key)
        good = [one for one in verdicts if isinstance(one, Verified) and one.author == wanted.feed]
        good = [one for one in good if wanted.first <= one.sequence <= wanted.last]
        for start in range(0, len(good), KEPT_AT_ONCE):
            bodies = [
                pack_candidate(one.key, one.author_raw, one.sequence, one.previous, one.compact)
                for one in good[start : start + KEPT_AT_ONCE]
            ]
            await self._node.call("storage", "ooo.put", {}, bodies=bodies)
        return {one.sequence for one in good}
