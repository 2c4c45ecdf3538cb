"""Calls of `threads.*` (ssb-threads 10) and of `partialReplication.getSubset`, which the stack around ssb-db2 has."""

from collections.abc import Callable
from typing import Any

from tests.support.asked.picks import Maker, Picks
from tests.support.asking import Question

HASHTAGS = (
    "ssb",
    "SSB",
    "#ssb",
    "gardening",
    "Gardening",
    "new-people",
    "über",
    "tag_1",
    "x",
    "none",
    "",
    "hash",
    "#hash",
    "dots.and/slash",
)


def _filters(p: Picks) -> dict[str, Any]:
    """What all sources of threads take."""
    kinds = [p.kind() for _ in range(1 + p.number(3))]
    given = p.given({"reverse": lambda: p.one(True, False, None)}, 0.4)
    given |= p.given({"threadMaxSize": lambda: p.one(1, 2, 3, 4, 5, 7, 50, 0)}, 0.5)
    lists: tuple[dict[str, Any], ...] = (
        {},
        {"allowlist": ["post"]},
        {"allowlist": kinds},
        {"allowlist": kinds},
        {"blocklist": kinds},
        {"blocklist": [*kinds, "post"]},
    )
    return {**given, **p.of(lists)}


def _source(name: str, more: Callable[[Picks], dict[str, Any]]) -> Maker:
    def make(p: Picks) -> Question:
        return Question(name, [_filters(p) | more(p)], "source")

    return make


def _following(p: Picks) -> dict[str, Any]:
    return p.given({"following": lambda: p.one(True, False)}, 0.3)


def _of_feed(p: Picks) -> dict[str, Any]:
    return {"id": p.feed()}


def _of_root(p: Picks) -> dict[str, Any]:
    root = p.one(p.root(), p.root(), p.root(), p.key(), p.data["nowhere"], p.of(p.data["private"]))
    return {"root": root} | p.given({"private": lambda: p.one(True, False)}, 0.4)


def _hashtag(p: Picks) -> str:
    return str(p.one(*HASHTAGS, p.channel()))


def _of_hashtag(p: Picks) -> dict[str, Any]:
    several = [_hashtag(p) for _ in range(p.number(4))]
    one = {"hashtag": p.often(_hashtag(p), 0.05)}
    return dict(p.one(one, one, {"hashtags": several}, {"hashtags": several, **one}, {}))


def _count(p: Picks) -> Question:
    options = {**_filters(p), "hashtag": p.often(_hashtag(p), 0.06)}
    return Question("threads.hashtagCount", [options])


def _matching(p: Picks) -> Question:
    word = _hashtag(p)
    options = {"query": p.often(p.one(word, word[:1], word[:2], word.upper()), 0.06)}
    options |= p.given({"limit": lambda: p.one(1, 2, 3, 10, 100, 0, -1)}, 0.5)
    return Question("threads.hashtagsMatching", [options])


def _recent(p: Picks) -> Question:
    options = {"limit": p.often(p.one(p.number(100), p.number(20), 1000, -1), 0.06)}
    options |= p.given({"preserveCase": lambda: p.one(True, False)}, 0.5)
    return Question("threads.recentHashtags", [options])


def _ql0(p: Picks) -> Any:
    query: dict[str, Any] = {
        "author": p.feed(),
        "type": p.kind() if p.chance(0.9) else None,
        "private": p.chance(0.1),
    }
    if p.chance(0.08):
        query.pop(p.one(*query))
    if p.chance(0.06):
        query[p.one("author", "type", "private", "more")] = p.odd()
    return query


def _ql1(p: Picks, depth: int = 0) -> Any:
    if depth < 2 and p.chance(0.45):
        args = [_ql1(p, depth + 1) for _ in range(p.one(1, 2, 2, 3, 0 if p.chance(0.3) else 2))]
        return {"op": p.one("and", "or"), "args": p.often(args, 0.03)}
    one: dict[str, Any] = p.one(
        {"op": "author", "feed": p.feed()}, {"op": "type", "string": p.kind()}
    )
    if p.chance(0.03):
        one = p.one({"op": "nothing"}, {}, {"op": "author"}, {"op": "type", "string": 1}, p.odd())
    return one


def _subset(p: Picks) -> Question:
    language = p.one("ssb-ql-0", "ssb-ql-1")
    query = p.often(_ql0(p) if language == "ssb-ql-0" else _ql1(p), 0.03)
    options: dict[str, Any] = {"querylang": p.often(language, 0.05)}
    options |= p.given({"descending": lambda: p.one(True, False)}, 0.4)
    options |= p.given({"pageSize": lambda: p.one(1, 2, 5, 10, 1000)}, 0.5)
    options |= p.given({"startFrom": lambda: p.one(0, 1, 2, 10, 500)}, 0.3)
    forms: list[list[Any]] = [[query, options]] * 20 + [[query], [query, p.odd()]]
    return Question("partialReplication.getSubset", p.of(forms), "source")


MAKERS: dict[str, Maker] = {
    "threads.public": _source("threads.public", _following),
    "threads.publicSummary": _source("threads.publicSummary", _following),
    "threads.private": _source("threads.private", lambda _: {}),
    "threads.profile": _source("threads.profile", _of_feed),
    "threads.profileSummary": _source("threads.profileSummary", _of_feed),
    "threads.thread": _source("threads.thread", _of_root),
    "threads.hashtagSummary": _source("threads.hashtagSummary", _of_hashtag),
    "threads.hashtagCount": _count,
    "threads.hashtagsMatching": _matching,
    "threads.recentHashtags": _recent,
    "partialReplication.getSubset": _subset,
}
