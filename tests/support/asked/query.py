"""Calls of `query.read` and `query.explain`: the language of map-filter-reduce."""

import json
from typing import Any

from tests.support.asked.picks import Maker, Picks
from tests.support.asking import Question

PATHS: tuple[Any, ...] = (
    ["value", "author"],
    ["value", "content", "type"],
    ["value", "content", "root"],
    ["value", "content", "channel"],
    ["value", "content", "text"],
    ["value", "content", "vote", "value"],
    ["value", "sequence"],
    ["value", "timestamp"],
    ["value", "private"],
    "key",
    "value",
    ["value", "content"],
    ["value", "content", "none", "deep"],
    [],
)


def _compared(p: Picks, value: Any) -> Any:
    """The value, or some comparison with it."""
    if p.chance(0.55):
        return value
    return p.one(
        {"$prefix": str(value)[:3]},
        {"$is": p.one("string", "number", "object", "boolean", "array", "undefined", "x")},
        {"$eq": value},
        {"$ne": value},
        {"$gt": value},
        {"$gte": value, "$lte": value},
        {"$lt": value},
        {"$in": [value, p.odd()]},
        {"$not": value},
        {"$not": {"$eq": value}},
        {"$any": value},
        {"$contains": value},
        {"$truthy": True},
        {"$falsy": True},
        {"$unknown": value},
        p.odd(),
    )


def _filter(p: Picks) -> dict[str, Any]:
    mentions = ({"$truthy": True}, {0: {"link": p.feed()}}, {"length": {"$gt": 1}})
    content = p.given({"type": lambda: _compared(p, p.kind())}, 0.5)
    content |= p.given(
        {
            "root": lambda: _compared(p, p.root()),
            "channel": lambda: _compared(p, p.channel()),
            "vote": lambda: {"value": _compared(p, 1)},
            "mentions": lambda: p.of(mentions),
        },
        0.12,
    )
    value: dict[str, Any] = {"content": content} if content else {}
    value |= p.given(
        {"author": lambda: _compared(p, p.feed()), "timestamp": lambda: _times(p)}, 0.25
    )
    value |= p.given(
        {
            "private": lambda: p.one(True, False, {"$ne": True}, {"$is": "boolean"}),
            "sequence": lambda: _compared(p, p.number(60)),
        },
        0.1,
    )
    found: dict[str, Any] = {"value": value} if value or p.chance(0.1) else {}
    received = {
        "timestamp": lambda: p.one({"$gt": p.received()}, {"$lte": p.received()}, {"$gt": 0})
    }
    return found | p.given({**received, "key": lambda: _compared(p, p.key())}, 0.1)


def _times(p: Picks) -> Any:
    return p.one({"$gt": p.time()}, {"$lt": p.time()}, {"$gt": p.time(), "$lt": p.time()}, p.time())


def _map(p: Picks) -> Any:
    names = ("a", "b", "key", "author", "0")
    return p.one(
        p.of(PATHS),
        {p.of(names): p.of(PATHS) for _ in range(1 + p.number(3))},
        {"x": {"$map": p.of(PATHS)}, "y": {"z": p.of(PATHS)}},
        [p.of(PATHS), p.of(PATHS)],
        {"c": {"$count": True}},
        {"k": {"$keys": True}, "t": {"$typeof": True}},
        True,
        p.odd(),
    )


def _reduce(p: Picks) -> Any:
    path = p.of(PATHS)
    return p.one(
        {"$count": True},
        {"by": path, "n": {"$count": True}},
        {"by": p.of(PATHS), "and": p.of(PATHS), "n": {"$count": True}},
        {"type": ["value", "content", "type"], "sum": {"$sum": ["value", "sequence"]}},
        {
            "author": ["value", "author"],
            "max": {"$max": ["value", "sequence"]},
            "min": {"$min": ["value", "timestamp"]},
        },
        {"author": ["value", "author"], "all": {"$collect": ["value", "sequence"]}},
        {
            "author": ["value", "author"],
            "first": {"$first": ["value", "sequence"]},
            "last": {"$last": ["value", "sequence"]},
        },
        {"$collect": path},
        {"$group": path},
        {"author": ["value", "author"], "latest": {"$latest": ["value", "timestamp"]}},
        {"$sum": path},
        {"$max": path},
        p.odd(),
    )


def _sort(p: Picks) -> Any:
    return p.one(
        [["value", "timestamp"]],
        [["timestamp"]],
        [["value", "author"], ["timestamp"]],
        ["value", "sequence"],
        p.odd(),
    )


def _stages(p: Picks) -> Any:
    stages: list[Any] = [{"$filter": _filter(p)}] if p.chance(0.95) else []
    for name, make, part in (
        ("$map", _map, 0.3),
        ("$reduce", _reduce, 0.3),
        ("$filter", _filter, 0.06),
    ):
        if p.chance(part):
            stages.append({name: make(p)})
    if p.chance(0.08):
        stages.append({"$sort": _sort(p)})
    if p.chance(0.03):
        stages.append(p.one({"$unknown": 1}, {}, p.odd()))
    return stages


def options(p: Picks) -> dict[str, Any]:
    """What `query.read` is called with."""
    given: dict[str, Any] = {"query": _stages(p)}
    if p.chance(0.06):
        given["query"] = p.one(_filter(p), {"$filter": _filter(p)}, p.odd(), None)
    given |= p.given({"reverse": p.flag, "limit": p.limit}, 0.35)
    given |= p.given(
        {"old": lambda: p.one(True, None), "live": lambda: p.one(False, None), "meta": p.flag}, 0.06
    )
    return {**given, "query": json.dumps(given["query"])} if p.chance(0.03) else given


def _read(p: Picks) -> Question:
    return Question("query.read", p.one(*[[options(p)]] * 30, [p.odd()], [{}], []), "source")


def _explain(p: Picks) -> Question:
    return Question("query.explain", p.one(*[[options(p)]] * 30, [p.odd()], [{}], []))


MAKERS: dict[str, Maker] = {"query.read": _read, "query.explain": _explain}
