"""Streams that stay open, to be watched while the crowd of `social.js` says more: what was, the mark, and what comes."""

from typing import Any

from tests.support.asked.picks import Picks
from tests.support.asking import Question

__all__ = ["of_clients", "of_plugins"]


def of_plugins(p: Picks, count: int) -> list[Question]:
    """About that many streams of ssb-server with npm's plugins."""
    found: list[Question] = []
    for n in range(count // 8):
        old = {"live": True, **p.one({}, {}, {"old": False})}
        dest, kind = p.one(p.feed(), p.root()), p.of(("post", "vote", "about", "contact"))
        private = {"private": p.one(True, False)} if n % 2 else {}
        filtered: dict[str, Any] = {"value": {"content": {"type": kind}}}
        asked: list[tuple[str, dict[str, Any]]] = [
            ("backlinks.read", {"query": [{"$filter": {"dest": dest}}], **old}),
            ("query.read", {"query": [{"$filter": filtered}], **old}),
            ("links2.read", {"query": [{"$filter": {"rel": ["root"]}}], **old}),
            ("messagesByType", {"type": kind, "private": True, **old}),
            ("createFeedStream", {**private, **old}),
            ("about.read", {"dest": p.feed(), "live": True, "old": True}),
            ("about.socialValueStream", {"dest": p.feed(), "key": "name"}),
            ("about.latestValueStream", {"dest": p.feed(), "key": p.one("name", "image")}),
        ]
        found += [Question(name, [options], "source", wait=True) for name, options in asked]
    return found


def of_clients(p: Picks, count: int) -> list[Question]:
    """About that many streams of ssb-threads."""
    found: list[Question] = []
    for _ in range(count // 4):
        given = p.one({}, {"allowlist": ["post"]}, {"includeSelf": True})
        asked: list[tuple[str, dict[str, Any]]] = [
            ("threads.publicUpdates", {**given, **p.given({"following": lambda: True}, 0.3)}),
            ("threads.privateUpdates", given),
            ("threads.hashtagUpdates", {**given, "hashtag": p.one("ssb", "gardening", "x")}),
            ("threads.threadUpdates", {**given, "root": p.one(p.key(), p.linked_message())}),
        ]
        found += [Question(name, [options], "source", wait=True) for name, options in asked]
    return found
