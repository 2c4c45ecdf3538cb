"""The streams of messages that clients read: the whole log by time of receipt, one feed by sequence.

Items are joined from the bytes of records, never parsed. Called by the bus through `actor`; options and
shapes are those of ssb-db 20.4.1, where `limit` counts old messages only.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable

from common.bus import Call
from common.feed.items import SYNC, StreamOptions, item_of
from common.feed.record import Record
from common.refs.ids import raw
from services.storage import arguments
from services.storage.adapters.database import MAX_SLICE, Database
from services.storage.adapters.tracks import FeedTrack, LogTrack, Slice, Track, follow, walk
from services.storage.adapters.writer import Writer

__all__ = ["StreamHandlers"]

Within = Callable[[Record], bool]


class StreamHandlers:
    """The methods that give many messages."""

    def __init__(self, database: Database, writer: Writer) -> None:
        self._database = database
        self._writer = writer

    async def create_log_stream(self, call: Call) -> None:
        """Give messages in the order in which they were received; bounds are times of receipt."""
        options = arguments.log_stream(call.args)
        track = LogTrack(self._database, self._writer)

        def within(record: Record) -> bool:
            return _above(options, record.received) and _below(options, record.received)

        await _serve(call, track, options, self._span(options, track.last), within)

    async def create_user_stream(self, call: Call) -> None:
        """Give the messages of one feed; bounds are sequences."""
        feed, options, first, last = arguments.user_stream(call.args)
        track = FeedTrack(self._database, self._writer, raw(feed))

        def within(record: Record) -> bool:
            return first <= record.sequence <= last

        await _serve(call, track, options, (first, int(max(0, min(last, track.last)))), within)

    def _span(self, options: StreamOptions, end: int) -> tuple[int, int]:
        """First and last position within the bounds: times of receipt rise along the log."""
        positions, received = range(1, end + 1), self._database.received_at
        first, last = 1, end
        if options.lower is not None:
            bound, closed = options.lower
            find = bisect_left if closed else bisect_right
            first = find(positions, bound, key=received) + 1
        if options.upper is not None:
            bound, closed = options.upper
            find = bisect_right if closed else bisect_left
            last = find(positions, bound, key=received)
        return first, last


async def _serve(
    call: Call, track: Track, options: StreamOptions, span: tuple[int, int], within: Within
) -> None:
    """Send what is there, a mark, and what comes: as far as the options ask for each (pull-live)."""
    end, left = track.last, options.limit
    if options.old:
        step = left if left > 0 else MAX_SLICE
        async for found in walk(track, call.ready, *span, reverse=options.reverse, step=step):
            if left:
                left -= await _send(call, options, found, most=left)
            if not left:
                break
            del found  # whoever waits for credit holds a position and no records
        if not options.live:
            return
        if options.sync:
            await call.send([SYNC])
    async for found in follow(track, call.ready, end):
        await _send(call, options, found, within)
        del found


async def _send(
    call: Call,
    options: StreamOptions,
    found: Slice,
    within: Within | None = None,
    most: int = -1,
) -> int:
    """Send the messages of some records that were not deleted, `most` at most; tells how many."""
    keys, values = options.keys, options.values
    records = [record for record in (Record.parse(raw) for _, raw in found) if record.message]
    if within is not None:
        records = [record for record in records if within(record)]
    bodies = [item_of(record, keys=keys, values=values) for record in records]
    bodies = bodies if most < 0 else bodies[:most]
    if bodies:
        await call.send(bodies)
    return len(bodies)


def _above(options: StreamOptions, value: float) -> bool:
    if options.lower is None:
        return True
    bound, closed = options.lower
    return bool(value >= bound if closed else value > bound)


def _below(options: StreamOptions, value: float) -> bool:
    if options.upper is None:
        return True
    bound, closed = options.upper
    return bool(value <= bound if closed else value < bound)
