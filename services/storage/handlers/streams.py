"""The streams of messages that clients read: the whole log by time of receipt or position, one feed by sequence.

Items are joined from the bytes of records; only boxes are parsed, where `private` asks for them to be opened. Called by the bus through `actor`; options and
shapes are those of ssb-db 20.4.1, where `limit` counts old messages only.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from math import ceil, floor

from common.bus import Call
from common.feed.items import SYNC, StreamOptions, item_of
from common.feed.options import MAX_SAFE
from common.feed.record import Record
from common.refs.ids import raw
from services.storage import arguments
from services.storage.adapters.database import MAX_SLICE, Database
from services.storage.adapters.tracks import FeedTrack, LogTrack, Slice, Track, follow, walk
from services.storage.adapters.writer import Writer
from services.storage.boxes import Opener

__all__ = ["StreamHandlers"]

Within = Callable[[int, Record], bool]
Written = Callable[[int, Record], bytes]
"""Number and record -> item."""


class StreamHandlers:
    """The methods that give many messages."""

    def __init__(self, database: Database, writer: Writer, opened: Opener) -> None:
        self._database = database
        self._writer = writer
        self._opened = opened

    async def create_log_stream(self, call: Call) -> None:
        """Give messages in the order in which they were received; bounds are times of receipt."""
        options = arguments.log_stream(call.args)
        track = LogTrack(self._database, self._writer)

        def within(_: int, record: Record) -> bool:
            return _above(options, record.received) and _below(options, record.received)

        span, written = self._span(options, track.last), self._written(options)
        await _serve(call, track, options, span, within=within, written=written)

    async def create_user_stream(self, call: Call) -> None:
        """Give the messages of one feed; bounds are sequences."""
        feed, options, first, last = arguments.user_stream(call.args)
        track = FeedTrack(self._database, self._writer, raw(feed))

        def within(_: int, record: Record) -> bool:
            return first <= record.sequence <= last

        span = (first, int(max(0, min(last, track.last))))
        written = self._written(options)
        await _serve(call, track, options, span, within=within, written=written)

    async def create_raw_log_stream(self, call: Call) -> None:
        """Give messages as they came, with their positions; bounds are positions, and nothing marks what is new."""
        options = arguments.log_stream(call.args)
        options = options._replace(sync=False, limit=options.limit or -1)
        track = LogTrack(self._database, self._writer)
        span = _whole_bounds(options, track.last)

        def within(number: int, _: Record) -> bool:
            return _above(options, number) and _below(options, number)

        await _serve(call, track, options, span, within=within, written=_numbered)

    async def create_sequence_stream(self, call: Call) -> None:
        """Give the last position of the log, -1 while it is empty, and each one that it gets to."""
        track = LogTrack(self._database, self._writer)
        position = track.last
        await call.send([str(position or -1).encode()])
        while True:
            await call.ready()
            await track.beyond(position)
            position = track.last
            await call.send([str(position).encode()])

    def _written(self, options: StreamOptions) -> Written:
        """How a message is written in a stream with these options."""
        keys, values = options.keys, options.values
        opens = options.private and (values or not keys)

        def written(_: int, record: Record) -> bytes:
            shown = self._opened(record) if opens else record
            return item_of(shown, keys=keys, values=values)

        return written

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
    call: Call,
    track: Track,
    options: StreamOptions,
    span: tuple[int, int],
    *,
    within: Within,
    written: Written,
) -> None:
    """Send what is there, a mark, and what comes: as far as the options ask for each (pull-live)."""
    end, left = track.last, options.limit
    if options.old:
        step = left if left > 0 else MAX_SLICE
        async for found in walk(track, call.ready, *span, reverse=options.reverse, step=step):
            messages = _messages(found)[: left if left >= 0 else None]
            await _send(call, messages, written)
            left -= len(messages) if left > 0 else 0
            if not left:
                break
            del found, messages  # whoever waits for credit holds a position and no records
        if not options.live:
            return
        if options.sync:
            await call.send([SYNC])
    async for found in follow(track, call.ready, end):
        await _send(call, [one for one in _messages(found) if within(*one)], written)
        del found


def _messages(found: Slice) -> list[tuple[int, Record]]:
    """Numbers and records of what was not deleted."""
    parsed = ((number, Record.parse(raw)) for number, raw in found)
    return [(number, record) for number, record in parsed if record.message]


async def _send(call: Call, messages: list[tuple[int, Record]], written: Written) -> None:
    if messages:
        await call.send([written(number, record) for number, record in messages])


def _numbered(number: int, record: Record) -> bytes:
    return b"".join((b'{"seq":', str(number).encode(), b',"value":', item_of(record), b"}"))


def _whole_bounds(options: StreamOptions, end: int) -> tuple[int, int]:
    """First and last position within bounds that may be anything."""
    first, last = 1.0, float(end)
    if options.lower is not None:
        bound, closed = options.lower
        first = max(first, min(bound, MAX_SAFE))
        first = ceil(first) if closed or first > bound else floor(first) + 1
    if options.upper is not None:
        bound, closed = options.upper
        last = max(min(last, bound), 0.0)
        last = floor(last) if closed or last < bound else ceil(last) - 1
    return int(first), int(last)


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
