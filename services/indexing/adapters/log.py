"""The log as indexing reads it over the bus: followed from a position, and asked for single records.

Knows the bus methods of storage; never knows what a view is for. Called by the follower, the builder and the reader.
"""

from collections.abc import AsyncIterator, Mapping, Sequence

from common.bus import Node
from common.feed.record import Record
from common.refs import FeedId

__all__ = ["MAX_ASKED", "Log", "Piece"]

MAX_ASKED = 1_000
"""Records of one question (docs/bus.md, section 8)."""
SLICE = 25
"""Records folded without letting anybody else have a turn: some two milliseconds."""

Piece = tuple[int, Sequence[bytes]]
"""Records of the log, with the position of the first."""


class Log:
    """The log of the suite, for this process."""

    def __init__(self, node: Node) -> None:
        self._node = node

    async def wait_up(self) -> None:
        """Wait until storage is there."""
        await self._node.wait_up("storage")

    async def share_keys(self, groups: Sequence[str], po_boxes: Mapping[str, str]) -> None:
        """Tell storage the keys (base64) of groups and post boxes, for those who ask it for open messages.

        Raises: Unavailable.
        """
        given = {"groups": list(groups), "poBoxes": dict(po_boxes)}
        await self._node.call("storage", "keys.take", given)

    async def end(self) -> int:
        """The last position of the log, as storage has it now; waits for a storage that is away.

        Raises: Unavailable, when it goes away while asked.
        """
        await self.wait_up()
        reply = await self._node.call("storage", "log.position")
        return int(reply.json()["position"])

    async def read(
        self, after: int, *, live: bool, limit: int = -1, most: int = 0
    ) -> AsyncIterator[Piece]:
        """The records after a position, in pieces of SLICE, or `most`; deleted ones are there without their message.

        Raises: Unavailable; CallerError, when the log is shorter.
        """
        options = {"after": after, "live": live, "limit": limit}
        async with self._node.source("storage", "log.read", options) as stream:
            async for batch in stream:
                assert batch.position is not None  # noqa: S101  docs/bus.md section 6
                first = batch.position - len(batch.bodies) + 1
                step = most or SLICE
                for start in range(0, len(batch.bodies), step):
                    yield first + start, batch.bodies[start : start + step]

    async def feed(self, feed: FeedId) -> AsyncIterator[list[Record]]:
        """The records of one feed by sequence, in pieces, as storage has them now; deleted ones are left out.

        Raises: Unavailable.
        """
        first = 1
        while True:
            options = {"id": feed, "from": first, "limit": -1, "live": False}
            begun = first
            async with self._node.source("storage", "feeds.read", options) as stream:
                async for batch in stream:
                    first += len(batch.bodies)
                    records = map(Record.parse, batch.bodies)
                    yield [record for record in records if record.message]
            if first == begun:
                return

    async def erasures(self, after: int) -> AsyncIterator[tuple[int, Sequence[tuple[int, bytes]]]]:
        """What is deleted, after an erasure with this number: position and old record of some, and the last number.

        Raises: Unavailable.
        """
        options = {"after": after, "live": True}
        async with self._node.source("storage", "log.erasures", options) as stream:
            async for batch in stream:
                assert batch.position is not None  # noqa: S101  docs/bus.md section 6
                bodies = batch.bodies
                yield batch.position, [(int.from_bytes(body[:8]), body[8:]) for body in bodies]

    async def erased(self, upto: int) -> None:
        """Tell storage that the erasures up to a number are taken out of the views.

        Raises: Unavailable.
        """
        await self._node.call("storage", "log.erased", {"upto": upto})

    async def records(self, positions: Sequence[int]) -> list[tuple[int, Record]]:
        """The records at these positions with them, in their order; deleted ones are left out.

        Raises: Unavailable.
        """
        found = []
        for start in range(0, len(positions), MAX_ASKED):
            part = positions[start : start + MAX_ASKED]
            for position, body in zip(part, await self.bodies(part), strict=True):
                if body and (record := Record.parse(body)).message:
                    found.append((position, record))
        return found

    async def records_of(self, keys: Sequence[str]) -> list[Record | None]:
        """The records of messages by their ids, in their order; None where one is not in the log, or deleted.

        Raises: Unavailable.
        """
        found: list[Record | None] = []
        for start in range(0, len(keys), MAX_ASKED):
            asked = {"keys": list(keys[start : start + MAX_ASKED])}
            async with self._node.source("storage", "log.get", asked) as stream:
                bodies = [body async for batch in stream for body in batch.bodies]
            records = [Record.parse(body) if body else None for body in bodies]
            found += [one if one is not None and one.message else None for one in records]
        return found

    async def has(self, position: int, begin: bytes) -> bool:
        """Whether the record at a position begins so: whether the log is the one it was.

        Raises: Unavailable.
        """
        if position > await self.end():
            return False
        (found,) = await self.bodies([position])
        return found[: len(begin)] == begin

    async def bodies(self, positions: Sequence[int]) -> list[bytes]:
        """The records at MAX_ASKED positions at most, as bytes; empty where there is none.

        Raises: Unavailable.
        """
        asked = {"positions": list(positions)}
        async with self._node.source("storage", "log.get", asked) as stream:
            return [body async for batch in stream for body in batch.bodies]
