"""What clients ask about feeds: how long they are and what came last.

Called by the bus through `actor`; texts and shapes are those of ssb-db 20.4.1.
"""

from typing import Any

from common.bus import Call, CallerError
from common.feed.json import compact_utf8, parse
from common.feed.record import Record
from common.refs.ids import feed_id, message_id, raw
from services.storage import arguments
from services.storage.adapters.database import MAX_SLICE, Database
from services.storage.adapters.writer import Writer
from services.storage.model import Head

__all__ = ["FeedHandlers"]


class FeedHandlers:
    """The methods around the heads of feeds."""

    def __init__(self, database: Database, writer: Writer) -> None:
        self._database = database
        self._writer = writer

    async def get_latest(self, call: Call) -> bytes | None:
        """Give the newest message of a feed, or no value."""
        head = self._head(call)
        if head is None:
            return None
        found = self._database.records_at([head.position])[0]
        record = Record.parse(found) if found else None
        if record is None:
            return None
        if not record.message:
            raise CallerError("item has been deleted", "deleted")
        key = message_id(record.key).encode()
        return b"".join((b'{"key":"', key, b'","value":', record.message, b"}"))

    async def latest_sequence(self, call: Call) -> int:
        """Give the length of a feed."""
        head = self._head(call)
        if head is None:
            raise CallerError(f"not found:{call.args[0]}", "not_found")
        return head.sequence

    async def feed_state(self, call: Call) -> dict[str, str | int | None]:
        """Give id and sequence of a feed's newest message."""
        head = self._head(call)
        if head is None:
            return {"id": None, "sequence": 0}
        return {"id": message_id(head.key), "sequence": head.sequence}

    async def vector_clock(self, _: Call) -> dict[str, int]:
        """Give the length of every feed."""
        heads = self._writer.log.heads
        return {feed_id(author): head.sequence for author, head in heads.items()}

    async def latest(self, call: Call) -> None:
        """Give length and last claimed time of every feed."""
        heads = list(self._writer.log.heads.items())
        for start in range(0, len(heads), MAX_SLICE):
            part = heads[start : start + MAX_SLICE]
            found = self._database.records_at([head.position for _, head in part])
            bodies = [
                compact_utf8(
                    {"id": feed_id(author), "sequence": head.sequence, "ts": _claimed(raw)}
                )
                for (author, head), raw in zip(part, found, strict=True)
            ]
            await call.send(bodies)

    def _head(self, call: Call) -> Head | None:
        return self._writer.log.heads.get(raw(arguments.feed_of(call.args)))


def _claimed(found: bytes | None) -> Any:
    """The time that the author of a record claims, which may be anything; of a deleted one when it came."""
    record = Record.parse(found) if found else None
    if record is not None and not record.message:
        return record.received
    value = parse(record.message) if record is not None else None
    return value.get("timestamp") if isinstance(value, dict) else None
