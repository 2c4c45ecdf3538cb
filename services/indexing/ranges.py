"""From the bounds of a query to the rows of an index: where they begin and end.

Rows whose last field is the time received do without it: they stand in the order of the log anyway, and a time becomes
a position by halving. Knows keys and the log; never knows what an index is for. Called by the views that answer queries.
"""

from collections.abc import Callable, Sequence
from typing import Any

from common.query.errors import QueryError
from common.query.keys import cut, key_of
from common.query.request import Span
from services.indexing.adapters.reader import CHUNK, Reader

__all__ = ["between", "first_since", "positions_between", "rows_between", "settled"]

PROBES = 32
"""Messages looked at in each step of a search by time: four steps find one in a million."""
_AFTER_ALL = b"\xff" * 9
"""Behind a key: after all rows with that key, whatever their positions."""


def settled(span: Span) -> Span:
    """The span with what `$eq` names in its place: flumeview-query fails there."""

    def equal(bounds: Sequence[Any]) -> list[Any]:
        return [one["$eq"] if isinstance(one, dict) and "$eq" in one else one for one in bounds]

    return span._replace(gte=equal(span.gte), lte=equal(span.lte))


async def rows_between(
    reader: Reader, tag: bytes, span: Span, upto: int, *, received: bool
) -> tuple[bytes, bytes]:
    """First key, and the one after the last; `received`: the last field is the time received, and not in the keys.

    Raises: QueryError, for bounds that are no bounds; Unavailable.
    """
    gte, lte = span.gte, span.lte
    if not received:
        return cut(tag + key_of(gte)), cut(tag + key_of(lte)) + _AFTER_ALL
    first, end = await positions_between(reader, gte[-1], lte[-1], upto)
    start = cut(tag + key_of(gte[:-1])) + first.to_bytes(8)
    return start, cut(tag + key_of(lte[:-1])) + end.to_bytes(8)


async def positions_between(reader: Reader, gte: Any, lte: Any, upto: int) -> tuple[int, int]:
    """The first position, and the one after the last, of what was received between bounds of any kind."""
    return (
        await _position(reader, gte, upto, after=False),
        await _position(reader, lte, upto, after=True),
    )


def between(span: Span) -> Callable[[Sequence[Any]], bool]:
    """A test of the values of a message's fields: whether they are within bounds."""
    try:
        low, high = key_of(span.gte), key_of(span.lte)
    except QueryError:  # an object has no place
        return lambda _: False

    def is_within(values: Sequence[Any]) -> bool:
        try:
            return low <= key_of(values) <= high
        except QueryError:
            return False

    return is_within


async def first_since(reader: Reader, time: float, upto: int, *, after: bool = False) -> int:
    """The first position up to `upto` received at a time or later (`after`: later); `upto` + 1 where none was.

    Deleted messages count as little as they can: a position among them is as good as the next one that is there.
    """
    low, high = 1, upto + 1
    while low < high:
        step = max(1, (high - low) // PROBES)
        found = await reader.messages(range(low, high, step))
        if not found and step > 1:  # all of them deleted
            found = await reader.messages(range(low, min(low + CHUNK, high)))
            low = low if found else min(low + CHUNK, high)
        for message in found:
            received = message.record.received
            if received > time or (received == time and not after):
                high = message.position
                break
            low = message.position + 1
        if step == 1:
            return high
    return low


async def _position(reader: Reader, bound: Any, upto: int, *, after: bool) -> int:
    if bound is None or isinstance(bound, bool):
        return 0
    if isinstance(bound, int | float):
        return await first_since(reader, bound, upto, after=after)
    return upto + 1
