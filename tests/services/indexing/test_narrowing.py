"""A query that asks for an id or a channel reads the few messages that have it, and gives what reading all gives.

One that asks for what an index is sorted by parses none, and gives the same too.
"""

from collections.abc import Sequence
from typing import Any

import pytest

from common.refs import message_id
from services.indexing.adapters.log import Log
from services.indexing.views import query as view
from tests.support.indexing_suite import FEEDS, IDS, Suite, boxed

ROOTS = [message_id(bytes([n]) * 32) for n in range(3)]
CHANNELS = ("moss", "granite", 5, "moss?!")
MANY = 650
"""More than are read at once, of each kind."""


def _content(n: int) -> Any:
    said: dict[str, Any] = {"type": ("post", "vote")[n % 2], "n": n}
    if n % 3 == 0:
        said |= {"root": ROOTS[0 if n % 9 else 1]}
    if n % 5 == 0:
        said |= {"channel": CHANNELS[n // 5 % 4], "mentions": [{"link": IDS[n % 4]}]}
    if n % 7 == 0:
        said |= {"branch": ["none", ROOTS[n % 3]]}
    return boxed(said) if n % 11 == 0 else said


def _asked(content: Any, *stages: object, **more: Any) -> list[dict[str, Any]]:
    """Queries whose answers stand in the order of the log, and some that do not."""
    wanted = {"content": content}
    filters: list[dict[str, Any]] = [
        {"value": wanted},
        {"value": {**wanted, "author": IDS[1]}},
        {"value": {**wanted, "author": IDS[1], "sequence": {"$gt": 100}}},
        {"value": {"content": {"type": "post", **content}}},
        {"value": {"content": {"type": {"$prefix": "p"}, **content}}},
        {"value": {"author": IDS[2], "content": {"type": "vote", **content}}},
        {"value": {**wanted, "timestamp": {"$gt": 5}}},
        {"value": wanted, "timestamp": {"$gt": 1100, "$lt": 1500}},
        {"value": {"content": {"type": "post", **content}}, "timestamp": {"$lt": "1500"}},
        {"value": wanted, "rts": {"$gt": 0}},
    ]
    return [{"query": [{"$filter": one}, *stages], **more} for one in filters]


QUERIES = [
    *_asked({"root": ROOTS[0]}),
    *_asked({"root": {"$eq": ROOTS[1]}}, reverse=True),
    *_asked({"root": ROOTS[2]}),
    *_asked({"branch": {"1": ROOTS[0]}}, limit=7),
    *_asked({"channel": "moss"}, reverse=True, limit=5),
    *_asked({"channel": "moss?!", "root": ROOTS[0]}),
    *_asked({"channel": {"$gte": "5", "$lte": "5"}, "root": ROOTS[0]}),
    *_asked({"mentions": [{"link": IDS[0]}]}, {"$map": ["value", "content", "n"]}),
    *_asked({"mentions": {"0": {"link": IDS[0]}}}, {"$reduce": {"$count": True}}),
    *_asked({"root": ROOTS[0], "mentions": [{"link": IDS[0]}]}, {"$sort": [["timestamp"]]}),
]

MET: list[dict[str, Any]] = [
    {"query": [{"$filter": one}], **more}
    for more in ({}, {"reverse": True, "limit": 9})
    for one in (
        {"value": {"content": {"type": "post"}}},
        {"value": {"author": IDS[1]}},
        {"value": {"author": IDS[1], "content": {"type": {"$eq": "vote"}}}},
        {"value": {"content": {"channel": "moss"}}},
        {"value": {"content": {"channel": "moss?!"}}},
        {"value": {"author": IDS[2], "content": {"type": "vote"}, "timestamp": {"$gt": 3}}},
    )
]
STRANGE = (
    *(0, 5.25, -3, 1e300, 2**60, "7", "", None, True, [8]),
    {"a": 9, "hash": "sha256", "content": {}},
    {"timestamp": 7},
    ',"hash":"sha256","content":{',
)
"""Times that may be claimed."""


async def _answers(suite: Suite, queries: Sequence[Any] = QUERIES) -> list[Any]:
    return [await suite.items("query.read", one) for one in queries]


async def test_what_need_not_be_parsed_is_given_as_if_it_was(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(MANY):
        claimed = STRANGE[n % len(STRANGE)] if n % 3 else n + 0.5
        suite.storage.add(n % len(FEEDS), _content(n), claimed)
    suite.storage.erase(50)
    await suite.folded()
    unparsed = await _answers(suite, MET)
    monkeypatch.setattr(view, "is_met", lambda *_: False)
    for one, its, expected in zip(MET, unparsed, await _answers(suite, MET), strict=True):
        assert its == expected, one
    assert all(unparsed)


async def test_a_query_gives_the_same_as_if_it_read_everything(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(MANY):
        suite.storage.add(n % len(FEEDS), _content(n), n % 50)
    suite.storage.erase(46)
    await suite.folded()
    narrowed = await _answers(suite)
    monkeypatch.setattr(view, "_narrow", lambda *_: [])
    for one, its, expected in zip(QUERIES, narrowed, await _answers(suite), strict=True):
        assert its == expected, one
    assert sum(map(bool, narrowed)) > len(QUERIES) // 2


async def test_only_what_has_the_rarest_of_what_is_asked_for_is_read(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(MANY):
        suite.storage.add(1, {"type": "post", "root": ROOTS[0], "n": n}, n)
    thread = [suite.storage.add(2, {"type": "post", "root": ROOTS[1]}, n) for n in range(4)]
    both = {"type": "post", "root": ROOTS[0], "branch": ROOTS[1]}
    last = suite.storage.add(3, both, 9)
    await suite.folded()
    read: list[int] = []
    records = Log.records

    async def counted(log: Log, positions: Sequence[int]) -> Any:
        read.extend(positions)
        return await records(log, positions)

    monkeypatch.setattr(Log, "records", counted)

    async def keys(content: Any) -> list[str]:
        read.clear()
        asked = {"query": [{"$filter": {"value": {"content": content}}}]}
        return [one["key"] for one in await suite.items("query.read", asked)]

    assert await keys({"type": "post", "root": ROOTS[1]}) == thread
    assert len(read) == len(thread) + 1
    assert await keys(both) == [last]
    assert len(read) == len(thread) + 1
