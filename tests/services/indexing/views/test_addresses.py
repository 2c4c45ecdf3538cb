from typing import Any

import pytest

from common.bus import CallerError
from tests.support.indexing_suite import IDS, Suite, boxed

METHOD = "deviceAddress.getAddress"
HERE, THERE = "net:example.org:8008~shs:a", "net:example.net:8008~shs:a"


def said(address: Any, availability: Any) -> dict[str, Any]:
    return {"type": "address", "address": address, "availability": availability}


async def test_what_a_feed_announced_last_is_its_address_in_boxes_too(suite: Suite) -> None:
    assert await suite.call(METHOD, IDS[1]) is None
    suite.storage.add(1, said(HERE, 0.5))
    suite.storage.add(2, said(THERE, 1))
    one = {"id": IDS[1], "sequence": 1, "address": HERE, "availability": 0.5}
    assert await suite.call(METHOD, IDS[1]) == one
    suite.storage.add(1, boxed(said(THERE, 0.25)), claimed=0)
    moved = {"id": IDS[1], "sequence": 3, "address": THERE, "availability": 0.25}
    assert await suite.call(METHOD, IDS[1]) == moved
    suite.storage.add(0, said(HERE, 1))
    assert (await suite.call(METHOD))["id"] == IDS[0], "our own by default"


async def test_an_address_can_be_taken_back(suite: Suite) -> None:
    suite.storage.add(1, said(HERE, 0.5))
    suite.storage.add(1, {"type": "address", "availability": 0})
    assert await suite.call(METHOD, IDS[1]) is None


async def test_a_deleted_announcement_is_none(suite: Suite) -> None:
    suite.storage.add(1, said(HERE, 0.5))
    suite.storage.add(1, said(THERE, 0.5))
    assert (await suite.call(METHOD, IDS[1]))["address"] == THERE
    suite.storage.erase(2)
    assert (await suite.call(METHOD, IDS[1]))["address"] == HERE


async def test_only_a_feed_has_an_address(suite: Suite) -> None:
    odds: list[Any] = [5, "x", {}]
    for odd in odds:
        with pytest.raises(CallerError, match="a feed id is wanted"):
            await suite.call(METHOD, odd)
