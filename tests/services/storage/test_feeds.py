"""What clients ask about feeds, over a real bus."""

from typing import Any

import pytest

from common.bus import BusError

NOBODY = "@" + "A" * 43 + "=.ed25519"


async def test_lengths_and_latest(storage: Any, authors: Any) -> None:
    first, second, _ = authors
    await storage.append([*first.write(3), *second.write(1)])
    assert await storage.call("latestSequence", first.id) == 3
    assert await storage.call("getVectorClock") == {first.id: 3, second.id: 1}
    latest = await storage.call("getLatest", first.id)
    assert list(latest) == ["key", "value"]
    assert latest["value"] == first.values[-1]
    assert await storage.call("get", latest["key"]) == latest["value"]
    assert await storage.items("latest") == [
        {"id": first.id, "sequence": 3, "ts": first.values[-1]["timestamp"]},
        {"id": second.id, "sequence": 1, "ts": second.values[-1]["timestamp"]},
    ]


async def test_the_state_of_a_feed_is_its_head(storage: Any, authors: Any) -> None:
    await storage.append(authors[0].write(3))
    latest = await storage.call("getLatest", authors[0].id)
    assert await storage.call("getFeedState", authors[0].id) == {"id": latest["key"], "sequence": 3}
    assert await storage.call("getFeedState", NOBODY) == {"id": None, "sequence": 0}


async def test_feed_that_is_not_there(storage: Any) -> None:
    assert await storage.call("getLatest", NOBODY) is None
    assert await storage.call("getVectorClock") == {}
    assert await storage.items("latest") == []
    with pytest.raises(BusError) as refused:
        await storage.call("latestSequence", NOBODY)
    assert str(refused.value) == f"not found:{NOBODY}"


@pytest.mark.parametrize("method", ["getLatest", "latestSequence", "getFeedState"])
async def test_argument_must_be_a_feed(storage: Any, method: str) -> None:
    with pytest.raises(BusError, match="Param 0 is required"):
        await storage.call(method)
    with pytest.raises(BusError, match="Param 0 must by of type feedId"):
        await storage.call(method, "x")
