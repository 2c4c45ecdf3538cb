"""Messages by the type of their content: `messagesByType`.

Knows the method as ssb-db 20.4 has it, and how its keys sort.
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any

from common.bus import Call, CallerError, Method
from common.feed import options as stream_options
from common.feed.items import StreamOptions
from common.feed.javascript import is_truthy
from services.indexing.adapters.reader import Reader
from services.indexing.arrivals import moves
from services.indexing.model.message import Message
from services.indexing.model.view import Fields, View, ordered
from services.indexing.streams import each, spaces, stream

__all__ = ["VIEWS", "Types", "methods"]

MAX_TYPE = 32
"""UTF-16 units of a type that count (ssb-db indexes/links.js cuts there)."""


class Types:
    """Type, time received, position -> nothing."""

    name = "types"
    version = 2
    reads: frozenset[int] = frozenset()

    @staticmethod
    def prefix(kind: str) -> bytes:
        """What the keys of one type begin with; none begins so where the type is longer than what counts."""
        units = kind.encode("utf-16-le", "surrogatepass")
        return bytes([min(len(units), 255)]) + units

    def rows(self, message: Message) -> Iterator[Fields]:
        """One row where the content has a type."""
        content = message.content
        kind = content.get("type") if isinstance(content, dict) else None
        if isinstance(kind, str):
            units = kind.encode("utf-16-le", "surrogatepass")[: 2 * MAX_TYPE]
            key = bytes([len(units)]) + units + ordered(message.record.received)
            yield key + message.end, b"", message.space


VIEWS: tuple[View, ...] = (Types(),)


def methods(reader: Reader) -> Mapping[str, Method]:
    """The table."""

    async def messages_by_type(call: Call) -> None:
        """`messagesByType`: messages whose content has a type, in the order they were received.

        Those whose content was in a box only with `private`; ssb-db gives their boxes without it.
        """
        asked = _by_type(call.args)
        if asked is None:
            return
        kind, options = asked
        start, end = _bounds(kind, options)

        where = spaces(private=options.private)

        async def old() -> AsyncIterator[list[int]]:
            walk = reader.walk(Types.name, start, end, reverse=options.reverse, spaces=where)
            async for rows in walk:
                yield [row.position for row in rows]

        def chosen(messages: Sequence[Message]) -> list[Message]:
            rows = ((message, key) for message in messages for key, _, _ in Types().rows(message))
            return [message for message, key in rows if start <= key < end]

        def comes(seen: int) -> AsyncIterator[list[Message]]:
            if options.private:  # rows of what is opened later stand among those of long ago
                return each(reader.live(seen), chosen)
            return _arriving(reader, Types.prefix(kind), (start, end), seen)

        await stream(call, reader, options, old=old, comes=comes)

    return {"messagesByType": Method("source", messages_by_type)}


async def _arriving(
    reader: Reader, prefix: bytes, bounds: tuple[bytes, bytes], seen: int
) -> AsyncIterator[list[Message]]:
    """The public messages of a type after a position, for ever: their keys rise with the time received, and so with the log."""
    start, end = bounds
    for message in await reader.messages([seen] if seen else []):
        start = max(start, prefix + ordered(message.record.received))
    async for before, upto in moves(reader, seen):
        async for rows in reader.walk(Types.name, start, end):
            known = [row for row in rows if row.position <= upto]
            start = known[-1].key if known else start
            yield await reader.messages([row.position for row in known if row.position > before])


def _by_type(args: list[Any]) -> tuple[str, StreamOptions] | None:
    """The type asked for, and the options; None where what is asked for is no type.

    ssb-db takes whatever JavaScript finds equal to its own text for a type, so objects pass unchecked.
    """
    first = args[0] if args else None
    if not is_truthy(first):
        raise CallerError("Param 0 is required")
    if isinstance(first, bool | int | float):
        raise CallerError("Param 0 must by of type messagesByTypeOpts")
    if isinstance(first, str):
        return first, stream_options.read({})
    if not isinstance(first, dict) or not isinstance(first.get("type"), str):
        return None
    return first["type"], stream_options.read(first)


def _bounds(kind: str, options: StreamOptions) -> tuple[bytes, bytes]:
    prefix = Types.prefix(kind)
    start, end = prefix, prefix + b"\xff" * 9
    if options.lower:
        number, closed = options.lower
        start = prefix + ordered(number) + (b"" if closed else b"\xff" * 9)
    if options.upper:
        number, closed = options.upper
        end = prefix + ordered(number) + (b"\xff" * 9 if closed else b"")
    return start, end
