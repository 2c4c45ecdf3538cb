"""Streams of messages with the options that all streams of ssb-db share: old ones, the mark, and what comes.

Knows options and the shape of items; never knows a view. Called by the views whose queries are such streams.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Protocol, TypeVar

from common.bus import Call, CallerError
from common.feed import options as stream_options
from common.feed.items import SYNC, OptionError, StreamOptions, item_of
from common.feed.javascript import is_truthy
from common.feed.opened import opened_value
from services.indexing.adapters.reader import BOTH, PUBLIC, Reader
from services.indexing.model.message import Message, Space

__all__ = ["checked", "each", "item", "serve", "shown", "spaces", "stream"]


F = TypeVar("F")
M = TypeVar("M")


class Asked(Protocol):
    """Which parts of a stream are wanted: what is there, a mark behind it, what comes."""

    @property
    def old(self) -> bool: ...
    @property
    def live(self) -> bool: ...
    @property
    def sync(self) -> bool: ...


def checked(args: list[Any], validator: str) -> StreamOptions:
    """The options of a stream that may be left away.

    Raises:
        CallerError: with the text of ssb-db's validator of this name.
    """
    given = args[0] if args and is_truthy(args[0]) else {}
    try:
        stream_options.check(given, validator)
    except OptionError as error:
        raise CallerError(str(error)) from error
    return stream_options.read(given)


def spaces(*, private: bool) -> Sequence[Space]:
    """Where to look for rows about contents: in what was boxed for us only where that is asked for."""
    return BOTH if private else (PUBLIC,)


def shown(message: Message, *, private: bool) -> Message:
    """The message as a client sees it: its box open only where that is asked for."""
    return message if private else message.sealed()


def item(message: Message, *, keys: bool = True, values: bool = True, extra: bytes = b"") -> bytes:
    """How a message is written in a stream; one whose box is open with what ssb-db adds then."""
    record, opened = message.record, message.opened
    if (values or not keys) and opened is not None:
        record = record._replace(message=opened_value(message.value, opened))
    return item_of(record, keys=keys, values=values, extra=extra)


async def serve(
    call: Call,
    reader: Reader,
    asked: Asked,
    *,
    old: Callable[[int], AsyncIterator[list[bytes]]],
    comes: Callable[[int], AsyncIterator[list[bytes]]],
) -> None:
    """Send the items that `old` makes of what the views have seen, the mark, and those that `comes` makes of what follows.

    `comes` is called before anything is sent: so it is known from where on.
    """
    seen = await reader.caught_up()
    coming = comes(seen)
    if asked.old:
        async for items in old(seen):
            if items:
                await call.send(items)
        if not asked.live:
            return
        if asked.sync:
            await call.send([SYNC])
    async for items in coming:
        if items:
            await call.send(items)


async def each(found: AsyncIterator[F], make: Callable[[F], M]) -> AsyncIterator[M]:
    """What is made of each of what comes."""
    async for one in found:
        yield make(one)


async def stream(
    call: Call,
    reader: Reader,
    options: StreamOptions,
    *,
    old: Callable[[], AsyncIterator[list[int]]],
    comes: Callable[[int], AsyncIterator[list[Message]]],
    extra: Callable[[Message], bytes] = lambda _: b"",
) -> None:
    """Send the messages at the positions that `old` finds, then those that `comes` finds after a position.

    A limit is for what was there: live streams have no end (pull-level).
    """

    def written(messages: Sequence[Message]) -> list[bytes]:
        keys, values = options.keys, options.values
        seen_as = [shown(message, private=options.private) for message in messages]
        return [item(one, keys=keys, values=values, extra=extra(one)) for one in seen_as]

    async def there(seen: int) -> AsyncIterator[list[bytes]]:
        left = options.limit
        async for positions in old():
            wanted = [p for p in positions if p <= seen][: left if left >= 0 else None]
            found = await reader.messages(wanted)
            yield written(found)
            left = left - len(found) if left >= 0 else left
            if left == 0:
                return

    await serve(call, reader, options, old=there, comes=lambda seen: each(comes(seen), written))
