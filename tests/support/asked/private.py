"""Calls of `private.*`, and what of the streams and of `get` concerns private messages."""

import json
from typing import Any

from tests.support.asked.picks import Maker, Picks
from tests.support.asking import Question

LONG = ("createLogStream", "createFeedStream")


def _boxed(p: Picks) -> dict[str, Any]:
    """A message with boxed content, for us or not."""
    boxed = [m for m in p.messages if isinstance(m["value"]["content"], str)]
    for_us = [m for m in boxed if m["key"] in p.data["private"]]
    message: dict[str, Any] = p.one(p.of(for_us), p.of(boxed), p.of(p.messages))
    return message


def _unbox(p: Picks) -> Question:
    message = _boxed(p)
    content = message["value"]["content"]
    forms: list[Any] = [
        message,
        {**message, "timestamp": 5},
        content,
        content,
        message["value"],
        message["key"],
        {"value": {"content": content}},
        {"key": 1, "value": message["value"] | {"extra": 1}},
        p.odd(),
        "x.box",
        "AAAA.box",
        str(content)[: p.number(400)] + p.one(".box", ".box2", ""),
    ]
    return Question("private.unbox", p.one([p.of(forms)], [p.of(forms)], [p.of(forms)], []))


def _wanted(p: Picks) -> dict[str, Any]:
    value: dict[str, Any] = {}
    if p.chance(0.4):
        value["author"] = p.feed()
    if p.chance(0.4):
        value["content"] = {"type": p.kind()}
    if p.chance(0.15):
        value["content"] = {"root": p.one(p.of(p.data["private"]), {"$truthy": True})}
    if p.chance(0.1):
        value["private"] = p.one(True, False)
    found: dict[str, Any] = {"value": value} if value else {}
    if p.chance(0.3):
        found["timestamp"] = p.one({"$gt": p.received()}, {"$lt": p.received()}, {"$gt": 0})
    return found


def _read(p: Picks) -> Question:
    query: Any = [{"$filter": _wanted(p)}]
    if p.chance(0.2):
        query.append(
            {
                "$map": p.one(
                    {"key": "key", "type": ["value", "content", "type"]}, ["value", "content"]
                )
            }
        )
    if p.chance(0.12):
        query.append({"$reduce": {"author": ["value", "author"], "n": {"$count": True}}})
    if p.chance(0.15):
        query = _wanted(p)
    if p.chance(0.05):
        query = p.one(json.dumps(query), "", "x")
    options: dict[str, Any] = p.given({"query": lambda: p.often(query, 0.04)}, 0.9)
    options |= p.given({"reverse": p.flag, "limit": p.limit}, 0.35)
    return Question("private.read", p.one(*[[options]] * 20, [p.odd()], []), "source")


def _get(p: Picks) -> Question:
    message = _boxed(p)
    inner = {"id": message["key"]} | p.given(
        {
            "private": p.flag,
            "meta": p.flag,
            "unbox": lambda: p.one("AAAA", None, "A" * 43 + "=.boxs", p.odd()),
        },
        0.5,
    )
    forms: list[Any] = [[inner]] * 8 + [
        [message["key"] + "?unbox=" + p.one("AAAA", "A" * 43 + "%3D.boxs", "")],
        [message["key"]],
    ]
    return Question("get", p.of(forms))


def _feed_state(p: Picks) -> Question:
    nobody = "@" + "B" * 42 + "A=.ed25519"
    forms: list[Any] = [[p.feed()], [p.feed()], [p.one(nobody, p.key(), p.odd())], [p.bent()], []]
    return Question("getFeedState", p.of(forms))


def _bounds(p: Picks, time: Any) -> dict[str, Any]:
    return p.given({p.one("gt", "gte"): time, p.one("lt", "lte"): time}, 0.35)


def _stream(name: str) -> Maker:
    def make(p: Picks) -> Question:
        options: dict[str, Any] = p.given(
            dict.fromkeys(("private", "keys", "values", "reverse", "raw", "meta"), p.flag), 0.4
        )
        # nearly all there is, a few hundred times, says no more than parts of it
        options |= p.given({"limit": p.limit}, 0.85 if name in LONG else 0.5)
        if name in ("createLogStream", "messagesByType"):
            options |= _bounds(p, p.received)
        if name == "createFeedStream":
            options |= _bounds(p, p.time)
        if name == "createUserStream":
            options |= {"id": p.feed()} | _bounds(p, lambda: p.number(80))
        if name == "messagesByType":
            options["type"] = p.kind()
        if name == "createLogStream" and "reverse" in options:
            options.pop(
                "gte", None
            )  # ssb-db puts `gt: 0` beside it, and backwards only that counts
        return Question(name, [options], "source")

    return make


MAKERS: dict[str, Maker] = {
    "private.unbox": _unbox,
    "private.read": _read,
    "get": _get,
    "getFeedState": _feed_state,
    **{
        name: _stream(name)
        for name in ("createLogStream", "createFeedStream", "createUserStream", "messagesByType")
    },
}
