from typing import Any

import pytest

from common.bus import CallerError
from common.refs import blob_id
from services.indexing.views.names import Names, names_in
from tests.support.indexing_suite import IDS, Suite, boxed
from tests.support.messages import message

OWN, ANN, BOB, CAT, DAN = IDS
ONE, TWO = (blob_id(bytes([n]) * 32) for n in (1, 2))


def about(dest: str, **said: Any) -> dict[str, Any]:
    return {"type": "about", "about": dest, **said}


def test_an_about_message_names_one_feed_and_others_those_they_mention() -> None:
    mentions = [{"link": ANN, "name": "ann"}, {"link": ONE, "name": "x"}, {"link": BOB}, 5, None]
    assert names_in(about(CAT, name="cat", mentions=mentions)) == {CAT: "cat"}
    assert names_in(about(CAT, name="", mentions=mentions)) == {ANN: "ann"}
    assert names_in({"type": "post", "mentions": {"0": mentions[0]}}) == {}


def test_names_that_are_no_text_are_not_found_by_their_beginning() -> None:
    keys = [row.key[:1] for row in Names().rows(message(about(ANN, name={"remove": True})))]
    assert keys == [b"n"]
    keys = [row.key[:1] for row in Names().rows(message(about(ANN, name="x", image={"link": ONE})))]
    assert keys == [b"n", b"b", b"i"]


async def fill(suite: Suite) -> None:
    for n in (1, 2):
        suite.storage.add(0, {"type": "contact", "contact": IDS[n], "following": True})
        suite.storage.add(n, {"type": "contact", "contact": DAN, "following": True})
    suite.storage.add(3, about(CAT, name="cat", image=ONE))
    suite.storage.add(1, about(CAT, name="old name"))
    suite.storage.add(1, boxed(about(CAT, name="katze", image={"link": TWO})))
    suite.storage.add(4, {"type": "post", "mentions": [{"link": CAT, "name": "kat"}]})
    suite.storage.add(4, about(DAN, name="kate"))
    await suite.folded()


async def test_names_that_count(suite: Suite) -> None:
    await fill(suite)
    assert await suite.call("names.getSignifier", CAT) == "katze"
    assert await suite.call("names.getSignifier", {"id": DAN}) == "kate"
    assert await suite.call("names.getSignifier", BOB) == BOB
    assert await suite.call("names.getSignifier", "x") == "x"
    assert await suite.call("names.getImageFor", CAT) == TWO
    assert await suite.call("names.getSignifies", "kat") == [
        {"name": "katze", "id": CAT, "rank": [0, 1], "named": "katze"},
        {"name": "kat", "id": CAT, "rank": [0, 0, 1], "named": "katze"},
        {"name": "kate", "id": DAN, "rank": [0, 0, 1], "named": "kate"},
    ]
    assert await suite.call("names.getSignifies", "old") == []
    for method in ("names.getSignifies", "names.getSignifier", "names.getImageFor"):
        with pytest.raises(CallerError, match="must be a text"):
            await suite.call(method, None)


async def test_all_names_and_images(suite: Suite) -> None:
    await fill(suite)
    names = {CAT: {CAT: "cat"}, ANN: {CAT: "katze"}, DAN: {CAT: "kat", DAN: "kate"}}
    assert await suite.call("names.get") == names
    assert list(await suite.call("names.get", {})) == [CAT, ANN, DAN]
    assert await suite.call("names.getImages", {}) == {CAT: {CAT: ONE}, ANN: {CAT: TWO}}
    state = {"seq": len(suite.storage.records), "version": 2}
    assert await suite.call("names.get", {"meta": True}) == {**state, "value": names}
    assert await suite.call("names.get", {"values": False}) == {**state, "size": None}
