"""Positions of the log that are in a subset, in its order: unions and intersections of what rows give in that order.

Holds one position of each part and nothing else. Called by the view of `partialReplication.*`.
"""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import TypeAlias

from common.query.subsets import All, By, Subset

__all__ = ["Positions", "positions_of"]

Positions: TypeAlias = AsyncGenerator[int, None]
Leaf: TypeAlias = Callable[[By], Positions]


async def positions_of(subset: Subset, leaf: Leaf, *, descending: bool) -> Positions:
    """Each position once; `leaf` gives those of one author or type in the same order."""
    if isinstance(subset, By):
        parts, merge = [leaf(subset)], _every
    else:
        parts = [positions_of(one, leaf, descending=descending) for one in subset.parts]
        merge = _every if isinstance(subset, All) else _any
    async with aclosing(merge(parts, -1 if descending else 1)) as merged:
        async for position in merged:
            yield position


async def _every(parts: Sequence[Positions], sign: int) -> Positions:
    """Positions that all parts give."""
    heads = [await anext(part, None) for part in parts]
    while heads and None not in heads:
        furthest = max(sign * head for head in heads if head is not None) * sign
        if all(head == furthest for head in heads):
            yield furthest
            heads = [await anext(part, None) for part in parts]
            continue
        for n, part in enumerate(parts):
            while (head := heads[n]) is not None and sign * head < sign * furthest:
                heads[n] = await anext(part, None)


async def _any(parts: Sequence[Positions], sign: int) -> Positions:
    """Positions that some part gives."""
    heads = [await anext(part, None) for part in parts]
    while waiting := [sign * head for head in heads if head is not None]:
        nearest = min(waiting) * sign
        yield nearest
        for n, part in enumerate(parts):
            if heads[n] == nearest:
                heads[n] = await anext(part, None)
