"""Messages by the earlier of the times claimed and received: `createFeedStream`.

Knows the method as ssb-db 20.4 has it, and how its keys sort.
"""

from collections.abc import AsyncIterator, Mapping, Sequence

from common.bus import Call, Method
from common.feed.items import js_number
from services.indexing.adapters.reader import Reader
from services.indexing.model.message import PUBLIC, Message
from services.indexing.model.view import Fields, View, ordered
from services.indexing.streams import checked, each, stream

__all__ = ["VIEWS", "Times", "methods"]


class Times:
    """Time, author, position -> nothing; authors sort as their ids do, not as their bytes.

    Boxes are there for everybody to see, so their rows are not kept apart.
    """

    name = "times"
    version = 3
    reads: frozenset[int] = frozenset()

    def rows(self, message: Message) -> tuple[Fields]:
        """One row a message."""
        author = message.value["author"].encode()
        return ((ordered(message.time) + author + message.end, b"", PUBLIC),)


VIEWS: tuple[View, ...] = (Times(),)


def methods(reader: Reader) -> Mapping[str, Method]:
    """The table."""

    async def create_feed_stream(call: Call) -> None:
        """`createFeedStream`: all messages by the earlier of claimed and received time.

        A lower bound includes its own time and an upper one does not, open or closed: the reference
        compares [time, author] with [time, null] (ssb-db indexes/feed.js).
        """
        options = checked(call.args, "readStreamOpts")
        start = ordered(options.lower[0]) if options.lower else b""
        end = ordered(options.upper[0]) if options.upper else None

        def chosen(messages: Sequence[Message]) -> list[Message]:
            times = ((message, ordered(message.time)) for message in messages)
            return [one for one, time in times if start <= time and (end is None or time < end)]

        async def old() -> AsyncIterator[list[int]]:
            async for rows in reader.walk(Times.name, start, end, reverse=options.reverse):
                yield [row.position for row in rows]

        await stream(
            call,
            reader,
            options,
            old=old,
            comes=lambda seen: each(reader.live(seen), chosen),
            extra=_resolved,
        )

    return {"createFeedStream": Method("source", create_feed_stream)}


def _resolved(message: Message) -> bytes:
    return b',"rts":' + js_number(message.time).encode()
