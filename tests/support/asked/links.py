"""Calls of `backlinks.read`, `links2.read`, `links`, `tangle.branch` and `partialReplication.getTangle`."""

from typing import Any

from tests.support.asked.picks import Maker, Picks
from tests.support.asking import Question

INDEXES = ("DTS", "DTA", "TDT")


def _filter(p: Picks) -> dict[str, Any]:
    """What a client looks for behind a link."""
    beginnings = (
        {"$prefix": "@"},
        {"$prefix": "#"},
        {"$prefix": "%"},
        {"$gt": "&"},
        {"$ne": p.feed()},
    )
    found: dict[str, Any] = {"dest": p.often(p.linked(), 0.05)} if p.chance(0.9) else {}
    if p.chance(0.08):
        found["dest"] = p.of(beginnings)
    content = p.given({"type": p.kind, "root": lambda: found.get("dest", p.root())}, 0.3)
    value: dict[str, Any] = {"content": content} if content else {}
    value |= p.given({"author": p.feed}, 0.3)
    value |= p.given({"timestamp": lambda: {p.one("$gt", "$gte", "$lt", "$lte"): p.time()}}, 0.1)
    if value:
        found["value"] = value
    times = {
        "rts": lambda: {p.one("$gt", "$lt", "$gte", "$lte"): p.time()},
        "timestamp": lambda: {p.one("$gt", "$lt"): p.received()},
    }
    return found | p.given(times, 0.1)


def _backlinks(p: Picks) -> Question:
    query: Any = [{"$filter": _filter(p)}]
    if p.chance(0.15):
        query.append({"$map": p.one({"key": "key", "dest": "dest"}, ["value", "content"], "key")})
    if p.chance(0.08):
        query.append({"$reduce": {"type": ["value", "content", "type"], "n": {"$count": True}}})
    if p.chance(0.1):
        query = _filter(p)
    options: dict[str, Any] = {"query": p.often(query, 0.05)}
    options |= p.given({"index": lambda: p.often(p.of(INDEXES), 0.1)}, 0.4)
    options |= p.given({"reverse": p.flag, "limit": p.limit}, 0.4)
    options |= p.given({"old": lambda: p.one(True, None), "live": lambda: p.one(False, None)}, 0.1)
    return Question("backlinks.read", p.one(*[[options]] * 30, [p.odd()], [{}]), "source")


def _links2(p: Picks) -> Question:
    wanted: dict[str, Any] = {}
    wanted |= p.given(
        {
            "source": p.feed,
            "dest": p.linked,
            "rel": lambda: p.one(
                "root",
                "branch",
                "mentions",
                "about",
                "contact",
                "vote",
                "channel",
                ["mentions"],
                {"$prefix": "m"},
                p.odd(),
            ),
        },
        0.5,
    )
    if p.chance(0.25):
        wanted["dest"] = p.one(
            {"$prefix": "@"}, {"$prefix": "%"}, {"$prefix": "#"}, {"$prefix": "&"}, {"$prefix": ""}
        )
    if p.chance(0.1):
        wanted["ts"] = {p.one("$gt", "$lt"): p.time()}
    query: Any = [{"$filter": wanted}]
    if p.chance(0.3):
        query.append({"$map": p.one({"rel": ["rel", 0], "dest": "dest"}, "dest", ["rel"], True)})
    if p.chance(0.2):
        query.append(
            {
                "$reduce": p.one(
                    {"id": "dest", "n": {"$count": True}},
                    {"$collect": "dest"},
                    {"rel": ["rel", 0], "n": {"$count": True}},
                )
            }
        )
    options: dict[str, Any] = {"query": p.often(query, 0.04)}
    options |= p.given({"reverse": p.flag, "limit": p.limit}, 0.35)
    options |= p.given({"live": lambda: p.one(False, None), "old": lambda: p.one(True, None)}, 0.1)
    return Question("links2.read", p.one(*[[options]] * 30, [p.odd()], [{}]), "source")


def _links(p: Picks) -> Question:
    options: dict[str, Any] = p.given(
        {
            "source": lambda: p.often(p.one(p.feed(), p.feed(), "@", "feed", p.key()), 0.06),
            "dest": lambda: p.often(
                p.one(p.linked(), p.linked(), "@", "%", "&", "feed", "msg", "blob", "#"), 0.06
            ),
            "rel": lambda: p.often(
                p.one("root", "branch", "mentions", "about", "contact", "vote", "link", "fork", ""),
                0.06,
            ),
        },
        0.55,
    )
    options |= p.given(
        dict.fromkeys(("keys", "values", "meta", "reverse", "private"), p.flag), 0.35
    )
    options |= p.given({"limit": p.limit}, 0.3)
    options |= p.given({"old": lambda: p.one(True, None), "live": lambda: p.one(False, None)}, 0.05)
    return Question("links", p.one(*[[options]] * 30, [p.odd()], []), "source")


def _of_message(name: str) -> Maker:
    def make(p: Picks) -> Question:
        return Question(
            name,
            [
                p.one(
                    p.root(),
                    p.root(),
                    p.key(),
                    p.of(p.data["private"]),
                    p.data["nowhere"],
                    p.feed(),
                    p.bent(),
                    p.odd(),
                )
            ],
        )

    return make


MAKERS: dict[str, Maker] = {
    "backlinks.read": _backlinks,
    "links2.read": _links2,
    "links": _links,
    "tangle.branch": _of_message("tangle.branch"),
    "partialReplication.getTangle": _of_message("partialReplication.getTangle"),
}
