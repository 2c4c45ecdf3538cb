"""The follow graph in the shapes that clients of ssb-friends read (4.1.4 and 5.1.7).

Knows options, answers and legacy values; never knows views, the log or the bus. Called by the handlers of
`friends.*` and of `graph.edges`.

Where the two versions differ: `hopStream` has the defaults of version 4 (and of the help of both), `graphStream` those
of version 5, which alone has it; `isFollowing` of a source that never said anything is no value, as in 4, which
counts as false in both; `details` is version 5's.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple, TypeAlias

from common.bus import CallerError
from common.feed.javascript import is_truthy, number_of, text_of
from common.graph import BLOCK, FOLLOW, Changes, Edge, Hops
from common.refs import FeedId, is_feed

__all__ = [
    "HELP",
    "MAX_ANSWER_BYTES",
    "HopsQuery",
    "Pair",
    "hops_query",
    "legacy",
    "maps_of",
    "members",
    "nested",
    "options_of",
    "pair_of",
    "pieces",
]

MAX_ANSWER_BYTES = 8 << 20
"""Of the whole graph as one answer: what one packet may hold (common/wire/packets)."""
EDGES_PIECE = 5_000
"""Edges in one item of a stream: some 300 kB."""
HOPS_PIECE = 50_000
"""Hops in one item of a stream: some 3 MB; the reference gives all of them in one."""

Shape: TypeAlias = Callable[[int], object]
"""How a value of an edge is written."""


class Pair(NamedTuple):
    """What `isFollowing` and `isBlocking` ask; a feed is empty where what was given is no id."""

    source: FeedId
    dest: FeedId
    details: bool


class HopsQuery(NamedTuple):
    """What `hops` asks."""

    start: FeedId
    max: float
    reverse: bool


def options_of(args: list[Any]) -> Mapping[str, Any]:
    """The options of a method that needs none: what is no object has none of them."""
    return args[0] if args and isinstance(args[0], dict) else {}


def pair_of(args: list[Any]) -> Pair:
    """Source and dest of a question; what is no feed's id was never said anything about, by nobody.

    Raises:
        CallerError: there is nothing to look into.
    """
    if not args or args[0] is None:
        raise CallerError("options must be an object")
    given = options_of(args)
    source, dest = (
        one if is_feed(one) else FeedId("") for one in (given.get("source"), given.get("dest"))
    )
    return Pair(source, dest, is_truthy(given.get("details")))


def hops_query(args: list[Any], own: FeedId, max_hops: float) -> HopsQuery:
    """Start, maximum and direction; a start that is no feed's id is nobody's, and reaches nobody."""
    given = options_of(args)
    start, most = given.get("start"), given.get("max")
    return HopsQuery(
        FeedId(text_of(start)) if is_truthy(start) else own,
        number_of(most) if is_truthy(most) else max_hops,
        given.get("reverse") is True,
    )


def legacy(value: int) -> object:
    """The value as `get` and `stream` of version 4 write it: true, false for a block, null for neither."""
    return True if value == FOLLOW else False if value == BLOCK else None


def nested(edges: Iterable[Edge], shape: Shape = int) -> dict[FeedId, dict[FeedId, object]]:
    """`{source: {dest: value}}`."""
    found: dict[FeedId, dict[FeedId, object]] = {}
    for source, dest, value in edges:
        found.setdefault(source, {})[dest] = shape(value)
    return found


def pieces(edges: Iterable[Edge]) -> Iterator[list[Edge]]:
    """The edges in lists for one item each; one empty list where there is none."""
    left = iter(edges)
    piece = list(islice(left, EDGES_PIECE))
    yield piece
    while piece := list(islice(left, EDGES_PIECE)):
        yield piece


def maps_of(hops: Hops | Changes, *, gone: bool = False) -> Iterator[dict[FeedId, int | None]]:
    """Items of `hopStream`: maps that merged give the hops; who is out of reach is left out unless `gone`.

    The reference never tells who fell out of reach (layered-graph 1.2.0): `null` would count as zero hops there.
    """
    told = ((feed, n) for feed, n in hops.items() if gone or n is not None)
    while piece := dict(islice(told, HOPS_PIECE)):
        yield piece


def members(hops: Iterable[tuple[FeedId, int | None]], *, meta: bool, first: bool) -> list[object]:
    """Items of `createFriendStream` for one map of hops; the first map tells only who is not blocked."""
    return [
        {"id": feed, "hops": n} if meta else feed
        for feed, n in hops
        if not first or (n is not None and n >= 0)
    ]


_PAIR = {
    "source": {"type": "FeedId", "description": "who wrote the contact message"},
    "dest": {"type": "FeedId", "description": "whom it is about"},
}
_HOPS = {
    "start": {"type": "FeedId", "description": "whose hops are counted; your own feed by default"},
    "max": {"type": "number", "description": "how many hops away the last feeds are"},
}
_STREAM = {
    "live": {"type": "boolean", "description": "go on with what changes; false by default"},
    "old": {"type": "boolean", "description": "begin with what is now; true by default"},
}
_STATE = {
    "id": {"type": "FeedId", "description": "whom it is about"},
    "state": {"type": "boolean", "description": "false takes it back; true by default"},
}


def _command(kind: str, description: str, args: Mapping[str, object]) -> dict[str, object]:
    return {"type": kind, "description": description, "args": args}


HELP = {
    "description": "who follows and who blocks whom, and how far away everybody is",
    "commands": {
        "follow": _command("async", "publish that you follow a feed, or no longer do", _STATE),
        "block": _command("async", "publish that you block a feed, or no longer do", _STATE),
        "isFollowing": _command("async", "whether one feed follows another", _PAIR),
        "isBlocking": _command("async", "whether one feed blocks another", _PAIR),
        "hops": _command("async", "all feeds within reach, each with its hops", _HOPS),
        "hopStream": _command("source", "maps of hops that changed; merge them", _STREAM),
        "graph": _command("async", "the graph: 1 follows, -1 blocks, -2 neither", {}),
        "graphStream": _command("source", "the graph as it changes; by default only that", _STREAM),
        "get": _command("async", "the graph: true follows, false blocks, null neither", _PAIR),
        "stream": _command("source", "the same, and then what changes: from, to, value", {}),
        "createFriendStream": _command("source", "feeds within reach; `meta` adds hops", _STREAM),
    },
}
