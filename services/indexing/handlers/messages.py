"""Messages as the views order them: one async function a method.

Knows views, options and the shapes clients expect (ssb-db 20.4.1); reads records through the log.
"""

from collections.abc import AsyncIterator, Callable
from typing import Any

from common.bus import Call, CallerError
from common.feed import options as stream_options
from common.feed.items import SYNC, OptionError, StreamOptions, item_of, js_number
from services.indexing.adapters.log import Log
from services.indexing.model import Index, parse_value
from services.indexing.views import Message, Row, Times, Types, ordered

__all__ = ["MessageHandlers"]

CHUNK = 200
"""Records fetched at a time: a bus message's worth."""


def _by_type(args: list[Any]) -> tuple[str, StreamOptions] | None:
    """The type asked for, and the options; None where what is asked for is no type.

    ssb-db takes whatever JavaScript finds equal to its own text for a type, so objects pass unchecked.
    """
    first = args[0] if args else None
    if not stream_options.is_truthy(first):
        raise CallerError("Param 0 is required")
    if isinstance(first, bool | int | float):
        raise CallerError("Param 0 must by of type messagesByTypeOpts")
    if isinstance(first, str):
        return first, stream_options.read({})
    if not isinstance(first, dict) or not isinstance(first.get("type"), str):
        return None
    return first["type"], stream_options.read(first)


class MessageHandlers:
    """The methods, over the index and the log."""

    def __init__(self, index: Index, log: Log) -> None:
        self._index = index
        self._log = log

    async def health(self, call: Call) -> object:
        """Whether it answers, and how far the views are."""
        assert call is not None  # noqa: S101
        trouble = self._log.trouble
        state = {
            "state": "disk full" if trouble else "ok",
            **({"why": trouble} if trouble else {}),
            "position": self._index.position,
            "views": self._index.positions(),
        }
        return {"service": "indexing", "ready": True, "state": state}

    async def messages_by_type(self, call: Call) -> None:
        """`messagesByType`: messages whose content has a type, in the order they were received."""
        asked = _by_type(call.args)
        if asked is None:
            return
        kind, options = asked
        prefix = Types.prefix(kind)
        start, end = prefix, prefix + b"\xff" * 9
        if options.lower:
            start = prefix + ordered(options.lower[0]) + (b"" if options.lower[1] else b"\0")
        if options.upper:
            end = prefix + ordered(options.upper[0]) + (b"\0" if options.upper[1] else b"")

        def chosen(message: Message) -> bool:
            rows = list(Types().rows(message))
            return any(start <= row.key < end for row in rows)

        await self._stream(call, options, Types.name, (start, end), chosen)

    async def create_feed_stream(self, call: Call) -> None:
        """`createFeedStream`: all messages by the earlier of claimed and received time.

        A lower bound includes its own time and an upper one does not, open or closed: the reference
        compares [time, author] with [time, null] (ssb-db indexes/feed.js).
        """
        given = call.args[0] if call.args and stream_options.is_truthy(call.args[0]) else {}
        try:
            stream_options.check(given, "readStreamOpts")
        except OptionError as error:
            raise CallerError(str(error)) from error
        options = stream_options.read(given)
        start = ordered(options.lower[0]) if options.lower else b""
        end = ordered(options.upper[0]) if options.upper else None

        def chosen(message: Message) -> bool:
            time = ordered(Times.time(message))
            return start <= time and (end is None or time < end)

        await self._stream(call, options, Times.name, (start, end), chosen, rts=True)

    async def _stream(
        self,
        call: Call,
        options: StreamOptions,
        view: str,
        bounds: tuple[bytes, bytes | None],
        chosen: Callable[[Message], bool],
        *,
        rts: bool = False,
    ) -> None:
        await self._log.catch_up()
        seen, left = self._index.position, options.limit
        if options.old:
            async for positions in self._old(view, bounds, reverse=options.reverse):
                wanted = [p for p in positions if p <= seen][: left if left >= 0 else None]
                left = await self._send(call, options, wanted, None, left, rts=rts)
                if left == 0:
                    break
            if not options.live:
                return
            if options.sync:
                await call.send([SYNC])
        while True:  # without end: limits are for what was there (pull-level)
            await self._log.wait_for(seen + 1)
            upto = min(self._index.position, seen + CHUNK)
            await self._send(call, options, list(range(seen + 1, upto + 1)), chosen, -1, rts=rts)
            seen = upto

    async def _old(
        self, view: str, bounds: tuple[bytes, bytes | None], *, reverse: bool
    ) -> AsyncIterator[list[int]]:
        start, end = bounds
        while rows := [
            Row(*p) for p in self._index.scan(view, start, end, reverse=reverse, limit=CHUNK)
        ]:
            yield [int.from_bytes(row.value) for row in rows]
            if reverse:
                end = rows[-1].key
            else:
                start = rows[-1].key + b"\0"

    async def _send(
        self,
        call: Call,
        options: StreamOptions,
        positions: list[int],
        chosen: Callable[[Message], bool] | None,
        left: int,
        *,
        rts: bool,
    ) -> int:
        items = []
        for record in await self._log.records(positions) if positions else ():
            message = None
            if chosen or rts:
                message = Message(0, record, parse_value(record.message))
            if chosen and message and not chosen(message):
                continue
            extra = b',"rts":' + js_number(Times.time(message)).encode() if rts and message else b""
            items.append(item_of(record, keys=options.keys, values=options.values, extra=extra))
        if left >= 0:
            items = items[:left]
        if items:
            await call.send(items)
        return left - len(items) if left >= 0 else left
