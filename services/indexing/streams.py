"""Streams of messages with the options that all streams of ssb-db share: old ones, the mark, and what comes.

Knows options and the shape of items; never knows a view. Called by the views whose queries are such streams.
"""

from collections.abc import AsyncIterator, Callable
from typing import Any

from common.bus import Call, CallerError
from common.feed import options as stream_options
from common.feed.items import SYNC, OptionError, StreamOptions, item_of
from services.indexing.adapters.reader import Reader
from services.indexing.model.message import Message

__all__ = ["checked", "item", "stream"]


def checked(args: list[Any], validator: str) -> StreamOptions:
    """The options of a stream that may be left away.

    Raises:
        CallerError: with the text of ssb-db's validator of this name.
    """
    given = args[0] if args and stream_options.is_truthy(args[0]) else {}
    try:
        stream_options.check(given, validator)
    except OptionError as error:
        raise CallerError(str(error)) from error
    return stream_options.read(given)


def item(options: StreamOptions) -> Callable[[Message], bytes]:
    """How a message is written in a stream with these options."""
    return lambda message: item_of(message.record, keys=options.keys, values=options.values)


async def stream(
    call: Call,
    reader: Reader,
    options: StreamOptions,
    *,
    old: Callable[[], AsyncIterator[list[int]]],
    chosen: Callable[[Message], bool],
    written: Callable[[Message], bytes],
) -> None:
    """Send the messages at the positions that `old` finds, then those of what comes that are `chosen`.

    A limit is for what was there: live streams have no end (pull-level).
    """
    seen, left = await reader.caught_up(), options.limit
    if options.old:
        async for positions in old():
            wanted = [p for p in positions if p <= seen][: left if left >= 0 else None]
            items = [written(message) for message in await reader.messages(wanted)]
            if items:
                await call.send(items)
            left = left - len(items) if left >= 0 else left
            if left == 0:
                break
        if not options.live:
            return
        if options.sync:
            await call.send([SYNC])
    async for messages in reader.live(seen):
        items = [written(message) for message in messages if chosen(message)]
        if items:
            await call.send(items)
