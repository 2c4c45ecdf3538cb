"""Messages that are in a subset, in one order: unions and intersections of what rows give in that order.

A place is how a message sorts, and its position in the log, ascending. Holds one place of each part and nothing else.
Called by the view of `partialReplication.*`.
"""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import TypeAlias

from common.query.subsets import All, By, Subset

__all__ = ["Place", "Places", "places_of", "union"]

Place: TypeAlias = tuple[bytes, int]
Places: TypeAlias = AsyncGenerator[Place, None]
Leaf: TypeAlias = Callable[[By], Places]


async def places_of(subset: Subset, leaf: Leaf) -> Places:
    """Each place once; `leaf` gives those of one author or type in the same order."""
    if isinstance(subset, By):
        merged = leaf(subset)
    else:
        parts = [places_of(one, leaf) for one in subset.parts]
        merged = _intersection(parts) if isinstance(subset, All) else union(parts)
    async with aclosing(merged):
        async for place in merged:
            yield place


async def union(parts: Sequence[Places]) -> Places:
    """Places that some part gives."""
    heads = [await anext(part, None) for part in parts]
    while waiting := [head for head in heads if head is not None]:
        nearest = min(waiting)
        yield nearest
        for n, part in enumerate(parts):
            if heads[n] == nearest:
                heads[n] = await anext(part, None)


async def _intersection(parts: Sequence[Places]) -> Places:
    """Places that all parts give."""
    heads = [await anext(part, None) for part in parts]
    while heads and None not in heads:
        furthest = max(head for head in heads if head is not None)
        if all(head == furthest for head in heads):
            yield furthest
            heads = [await anext(part, None) for part in parts]
            continue
        for n, part in enumerate(parts):
            while (head := heads[n]) is not None and head < furthest:
                heads[n] = await anext(part, None)
