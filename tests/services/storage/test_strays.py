"""Messages beside the log: kept, found by their ids, the oldest given up."""

from pathlib import Path
from typing import Any

import pytest

from common.bus import BusError
from common.feed.record import Candidate
from common.refs import message_id
from common.store import StoreFull
from services.storage.adapters import strays

NOWHERE = message_id(bytes(32))


def ids(made: list[bytes]) -> list[str]:
    return [message_id(Candidate.parse(one).key) for one in made]


async def test_a_stray_is_found_but_is_not_in_the_log(storage: Any, authors: Any) -> None:
    made = authors[0].write(3)
    key = ids(made)[2]
    assert await storage.call("ooo.put", {}, bodies=made[2:]) == {"stored": 1}
    assert await storage.call("ooo.put", {}, bodies=made[2:]) == {"stored": 1}
    assert await storage.call("get", key) == authors[0].values[2]
    whole = await storage.call("get", {"id": key, "meta": True})
    assert list(whole) == ["key", "value", "timestamp", "ooo"]
    assert await storage.call("log.position") == {"position": 0}
    await storage.append(made)
    assert "ooo" not in await storage.call("get", {"id": key, "meta": True})


async def test_messages_are_found_wherever_they_are(storage: Any, authors: Any) -> None:
    logged, stray = authors[0].write(1), authors[1].write(2)[1:]
    await storage.append(logged)
    await storage.call("ooo.put", {}, bodies=stray)
    keys = [*ids(stray), NOWHERE, *ids(logged)]
    found = await storage.bodies("ooo.find", {"keys": keys})
    assert found == [Candidate.parse(stray[0]).message, b"", Candidate.parse(logged[0]).message]
    assert await storage.bodies("ooo.find", {"keys": []}) == []


async def test_of_too_many_the_oldest_go_also_after_a_restart(
    tmp_path: Path, start_storage: Any, authors: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strays, "MAX_STRAYS", 3)
    made = authors[0].write(8)
    for part in (made[:2], made[2:5], made[5:7]):
        async with start_storage(tmp_path) as storage:
            await storage.call("ooo.put", {}, bodies=part)
    async with start_storage(tmp_path) as storage:
        found = await storage.bodies("ooo.find", {"keys": ids(made)})
        assert [bool(one) for one in found] == [False] * 4 + [True] * 3 + [False]
        await storage.call("ooo.put", {}, bodies=[made[6], made[7]])
        found = await storage.bodies("ooo.find", {"keys": ids(made)})
        assert [bool(one) for one in found] == [False] * 5 + [True] * 3


async def test_wrong_calls_are_refused(
    storage: Any, authors: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for wrong in ({}, {"keys": "x"}, {"keys": ["x"]}, {"keys": [NOWHERE] * 1001}, 5):
        with pytest.raises(BusError, match="keys must be"):
            await storage.bodies("ooo.find", wrong)
    for bodies in ([], [b"x"], [b"x"] * 101):
        with pytest.raises(BusError):
            await storage.call("ooo.put", {}, bodies=bodies)

    def full(*_: object) -> None:
        raise StoreFull("no room")

    monkeypatch.setattr(storage.database.strays, "put", full)
    with pytest.raises(BusError, match="no room"):
        await storage.call("ooo.put", {}, bodies=authors[0].write(1))
