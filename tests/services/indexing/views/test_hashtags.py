from typing import Any

import pytest

from common.bus import CallerError
from tests.support.indexing_suite import Suite, boxed


def post(*tags: str, **more: Any) -> dict[str, Any]:
    return {"type": "post", "mentions": [{"link": f"#{tag}"} for tag in tags], **more}


async def fill(suite: Suite) -> list[str]:
    add = suite.storage.add
    one = add(1, post("SSB", "cats"), claimed=1)
    two = add(2, {"type": "post", "channel": "Ssb"}, claimed=2)
    three = add(2, {"type": "vote", "channel": "dogs"}, claimed=3)
    add(3, {"type": "post", "root": one, "channel": "#dogs"}, claimed=4)
    add(3, boxed(post("ssb", "ssc")), claimed=5)
    return [one, two, three]


async def test_threads_that_have_a_hashtag(suite: Suite) -> None:
    one, two, three = await fill(suite)

    async def roots(**options: Any) -> list[str]:
        found = await suite.items("threads.hashtagSummary", options)
        return [item["root"]["key"] for item in found]

    assert await roots(hashtag="#ssb") == [two, one]
    assert await roots(hashtags=["dogs", "ssb"]) == [one, three, two]
    assert await roots(hashtags=["dogs", "ssb"], reverse=False) == [one, two, three]
    assert await roots(hashtag="dogs", allowlist=["post"]) == [one]
    assert await suite.call("threads.hashtagCount", {"hashtag": "dogs"}) == 2
    assert await suite.call("threads.hashtagCount", {"hashtag": "ss"}) == 0
    with pytest.raises(CallerError, match=r"opts.hashtag is required"):
        await suite.call("threads.hashtagCount", {"hashtag": ""})


async def test_hashtags_that_begin_so(suite: Suite) -> None:
    await fill(suite)
    assert await suite.call("threads.hashtagsMatching", {"query": "S"}) == [["ssb", 3], ["ssc", 1]]
    assert await suite.call("threads.hashtagsMatching", {"query": "d", "limit": 1}) == [["dogs", 2]]
    for odd in ({"query": ""}, {"query": "x", "limit": -1}):
        with pytest.raises(CallerError, match="must be"):
            await suite.call("threads.hashtagsMatching", odd)


async def test_hashtags_used_last(suite: Suite) -> None:
    await fill(suite)
    recent = "threads.recentHashtags"
    assert await suite.call(recent, {"limit": 9}) == ["dogs", "ssb", "cats"]
    assert await suite.call(recent, {"limit": 2, "preserveCase": True}) == ["dogs", "Ssb"]
    with pytest.raises(CallerError, match="greater than 0"):
        await suite.call(recent, {})
