"""`private.unbox` and `private.read`; that they answer as npm's does is in tests/interop."""

from pathlib import Path
from typing import Any

import pytest

from common.bus import BusError
from common.crypto.private_box import ENTROPY_BYTES, Randomness
from common.feed import private
from common.feed.box2_keys import direct_keys
from common.feed.json import parse
from common.feed.record import Record
from common.refs import message_id
from tests.support.group_suite import FRIEND, OURS, GroupSuite, Town, group_suite

POST: dict[str, Any] = {"type": "post", "text": "psst"}
RANDOM = Randomness.cut(bytes(range(ENTROPY_BYTES)))
BOXED = private.box(POST, [OURS.id], RANDOM)
SEALED = direct_keys(FRIEND, OURS.id)[:1]


def _message(town: Town) -> dict[str, Any]:
    record = Record.parse(town.storage.records[-1])
    value = parse(record.message)
    return {"key": message_id(record.key), "value": value, "timestamp": record.received}


async def _read(suite: GroupSuite, *args: object) -> list[Any]:
    return [one["value"]["content"]["text"] for one in await suite.items("private.read", *args)]


async def test_a_message_is_opened_whichever_way_it_is_closed(tmp_path: Path) -> None:
    town = Town()
    async with group_suite(town, tmp_path) as suite:
        for slots in ((), SEALED):
            town.write(FRIEND, POST if slots else BOXED, slots)
            given = _message(town)
            value = {name: given["value"][name] for name in ("previous", "author", "sequence")}
            value |= {"timestamp": 1, "content": POST, "private": True}
            assert await suite.call("private.unbox", given) == given | {"value": value}
        assert await suite.call("private.unbox", BOXED) == POST


@pytest.mark.parametrize(
    "given",
    [
        None,
        5,
        "text",
        "AAAA.box",
        "AAAA.box2",
        private.box(POST, [FRIEND.id], RANDOM),
        {"value": None},
        {"value": {"content": POST}},
        {"value": {"content": "AAAA.box2"}},
        {"value": {"content": "AAAA.box2", "author": "@x", "previous": None}},
        {"value": {"content": "AAAA.box2", "author": FRIEND.id, "previous": 1}},
        {"value": {"content": private.box(None, [OURS.id], RANDOM)}},
    ],
)
async def test_what_is_not_for_us_is_nothing(tmp_path: Path, given: object) -> None:
    async with group_suite(Town(), tmp_path) as suite:
        assert await suite.call("private.unbox", given) is None


async def test_private_messages_are_read_by_author_and_type(tmp_path: Path) -> None:
    town = Town()
    town.write(FRIEND, POST | {"text": "public"})
    town.write(FRIEND, BOXED)
    town.write(FRIEND, POST | {"text": "sealed"}, SEALED)
    town.write(OURS, {"type": "vote", "text": "odd"}, direct_keys(OURS, FRIEND.id)[:1])
    town.write(FRIEND, {"type": {"no": "type"}, "text": "strange"}, SEALED)
    async with group_suite(town, tmp_path) as suite:
        await suite.opened(3)
        assert await _read(suite, {}) == ["psst", "sealed", "strange"]
        assert await _read(suite, {"query": ""}) == ["psst", "sealed", "strange"]
        assert await _read(suite, {"reverse": True}) == ["strange", "sealed", "psst"]
        assert await _read(suite, []) == ["strange", "sealed", "psst"]
        author = {"value": {"author": FRIEND.id, "content": {"type": "post"}}}
        assert await _read(suite, {"query": [{"$filter": author}]}) == ["psst", "sealed"]
        since = [{"$filter": {"timestamp": {"$gt": 1003}}}]
        assert await _read(suite, {"query": since}) == ["strange"]
        with pytest.raises(BusError, match="expected options"):
            await _read(suite)
        assert await suite.check() == []
