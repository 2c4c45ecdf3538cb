"""Subsets in both languages, tangles, and that nothing private is in them."""

from typing import Any

import pytest

from common.bus import Caller, CallerError
from services.indexing.views.subsets import methods
from tests.support.indexing_suite import IDS, Suite, boxed

FIRST, SECOND = {"querylang": "ssb-ql-0"}, {"querylang": "ssb-ql-1"}


def _by(author: int) -> dict[str, str]:
    return {"op": "author", "feed": IDS[author]}


def _of(kind: str) -> dict[str, str]:
    return {"op": "type", "string": kind}


async def _positions(suite: Suite, *args: object) -> list[int]:
    return [one["sequence"] for one in await suite.items("partialReplication.getSubset", *args)]


@pytest.fixture
async def filled(suite: Suite) -> Suite:
    for n, kind in enumerate(["post", "vote", "post", "about", "vote", "post"]):
        suite.storage.add(n % 2, {"type": kind}, [3, 4, 4, -1, 6, 7.5][n])
    suite.storage.add(1, boxed({"type": "post"}), 1)
    suite.storage.add(1, "abc.box", 1)
    await suite.folded()
    return suite


async def test_the_first_language_has_author_and_type(filled: Suite) -> None:
    query: dict[str, Any] = {"author": IDS[0], "type": "post", "private": False}
    assert await _positions(filled, query, FIRST) == [1, 3]
    assert await _positions(filled, {**query, "type": None}, FIRST) == [1, 3, 5]
    assert await _positions(filled, {**query, "author": IDS[1], "type": None}, FIRST) == [4, 2, 6]


@pytest.mark.parametrize(
    ("query", "positions"),
    [
        (_of("vote"), [2, 5]),
        (_by(1), [4, 2, 6]),
        ({"op": "and", "args": [_by(1), _of("vote")]}, [2]),
        ({"op": "and", "args": [_of("vote"), _of("post")]}, []),
        ({"op": "or", "args": [_of("post"), _of("vote"), _of("post")]}, [1, 2, 3, 5, 6]),
        (
            {"op": "and", "args": [{"op": "or", "args": [_of("post"), _of("vote")]}, _by(0)]},
            [1, 3, 5],
        ),
        ({"op": "and", "args": []}, []),
        ({"op": "or", "args": []}, []),
    ],
)
async def test_the_second_language_combines(
    filled: Suite, query: object, positions: list[int]
) -> None:
    assert await _positions(filled, query, SECOND) == positions
    assert await _positions(filled, query) == positions, "as go-ssb asks"
    backwards = await _positions(filled, query, {**SECOND, "descending": True})
    assert backwards == positions[::-1]


async def test_pages_and_keys(filled: Suite) -> None:
    page = {**SECOND, "descending": True, "startFrom": 1, "pageSize": 2}
    assert await _positions(filled, _by(1), page) == [2, 4]
    (item,) = await filled.items(
        "partialReplication.getSubset", _by(1), {"keys": True, "pageLimit": 1}
    )
    assert item["value"]["sequence"] == 4
    assert item["key"].startswith("%")


@pytest.mark.parametrize(
    ("query", "options", "text"),
    [
        ({"author": IDS[0]}, {}, r"getSubset\(\) is missing opts.querylang"),
        (_by(0), {"querylang": "sql"}, "Unknown querylang"),
        ({"author": IDS[0], "type": "post"}, FIRST, 'missing the "private" field'),
        ({"author": IDS[0], "type": None, "private": True}, FIRST, "not support private query"),
        ({"author": "me", "type": None, "private": False}, FIRST, "valid SSB feed ID"),
        ({"op": "not"}, SECOND, 'Unknown "op" field'),
        (
            {"op": "and", "args": [{"op": "type"}]},
            SECOND,
            r"query.args\[0\]: \"type\" in the query",
        ),
        ({"op": "or", "args": [_of("x")] * 300}, SECOND, "too many operations"),
    ],
)
async def test_what_is_no_query_is_refused(
    suite: Suite, query: object, options: object, text: str
) -> None:
    with pytest.raises(CallerError, match=text):
        await suite.items("partialReplication.getSubset", query, options)


async def test_a_tangle_is_its_root_and_what_names_it(suite: Suite) -> None:
    root = suite.storage.add(1, {"type": "post"}, 9)
    suite.storage.add(2, {"type": "post", "root": root}, 8)
    suite.storage.add(2, boxed({"type": "post", "root": root}), 8)
    suite.storage.add(1, {"type": "post", "root": root}, 7)
    secret = suite.storage.add(1, boxed({"type": "post"}), 9)
    await suite.folded()
    found = await suite.call("partialReplication.getTangle", root)
    assert [one["sequence"] for one in found] == [1, 2, 4]
    (boxed_root,) = await suite.call("partialReplication.getTangle", secret)
    assert isinstance(boxed_root["content"], str)
    with pytest.raises(CallerError, match="Key not found in database"):
        await suite.call("partialReplication.getTangle", "%" + "B" + "A" * 42 + "=.sha256")
    with pytest.raises(CallerError, match="Param 0 must by of type object"):
        await suite.call("partialReplication.getTangle", "x")


async def test_nobody_gets_what_an_author_wrote_who_blocks_him(filled: Suite) -> None:
    filled.storage.add(0, {"type": "contact", "contact": IDS[4], "blocking": True}, 1)
    await filled.folded()

    async def asked(by: str) -> list[int]:
        stranger = Caller(by, "anonymous", "net")
        found = []
        async with filled.client.source(
            "indexing", "partialReplication.getSubset", _of("post"), caller=stranger
        ) as stream:
            async for batch in stream:
                found += [one["sequence"] for one in batch.json()]
        return found

    assert await asked(IDS[3]) == [1, 3, 6]
    assert await asked(IDS[4]) == [6]


def test_strangers_may_ask() -> None:
    assert all(one.allow == ("anonymous",) for one in methods(None).values())  # type: ignore[arg-type]
