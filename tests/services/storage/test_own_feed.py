"""Our own feed over a real bus: when it is locked, what opens it, and what stays over a restart."""

import asyncio
import logging
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from common.bus import BusError
from common.crypto.keys import generate
from common.feed.record import pack_candidate
from common.feed.validate import Verified, verify_value
from common.runtime import own_file
from services.storage.adapters.database import FOLDER
from tests.support.waiting import until

PEER = generate(b"p" * 32).id
POST = {"type": "post", "text": "hello"}


def candidate(value: Any) -> bytes:
    """A signed message on its way to the log."""
    found = verify_value(value, None)
    assert isinstance(found, Verified)
    return pack_candidate(
        found.key, found.author_raw, found.sequence, found.previous, found.compact
    )


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


async def is_open(storage: Any) -> bool:
    return not (await storage.call("health"))["state"]["own"]["locked"]


async def refusal(storage: Any) -> str:
    with pytest.raises(BusError) as refused:
        await storage.call("publish", POST)
    assert refused.value.code == "refused"
    return str(refused.value)


async def seen(storage: Any, sequence: int, peer: str = PEER) -> None:
    await storage.call("own.seen", {"peer": peer, "sequence": sequence})


async def opened(storage: Any) -> None:
    await until(lambda: is_open(storage), within=30)


async def published(data: Path, start_storage: Any, count: int = 3, text: str = "") -> list[Any]:
    """What a first run published, as signed messages."""
    content = {"type": "post", "text": text}
    async with start_storage(data) as storage:
        items = [await storage.call("publish", content) for _ in range(count)]
    return [item["value"] for item in items]


def restore(data: Path) -> Path:
    """The folder as a copy."""
    return shutil.copytree(data, data.with_name("restored"))


async def test_acknowledged_end_is_known_after_a_start(data: Path, start_storage: Any) -> None:
    await published(data, start_storage)
    assert [path.name for path in data.glob("scuttlebot/own.*")] == ["own.3"]
    async with start_storage(data) as storage:
        assert (await storage.call("publish", POST))["value"]["sequence"] == 4
        state = (await storage.call("health"))["state"]["own"]
    assert state == {"locked": False, "sequence": 4, "missing": 0, "confirmed": 0, "needed": 1}


async def test_copied_folder_waits_for_peers(data: Path, start_storage: Any) -> None:
    await published(data, start_storage)
    copy = restore(data)
    for _ in range(2):  # a restart is no confirmation
        async with start_storage(copy) as storage:
            text = await refusal(storage)
            assert "locked at 3: the folder was copied or restored" in text
            assert "0 of 1 peers have confirmed" in text
            assert "`sbot start --force`" in text
            state = (await storage.call("health"))["state"]
            assert (state["state"], state["why"][:20]) == ("own feed incomplete", text[:20])
    async with start_storage(copy) as storage:
        await seen(storage, 3)
        await opened(storage)
        assert (await storage.call("publish", POST))["value"]["sequence"] == 4
    async with start_storage(copy) as storage:
        assert (await storage.call("publish", POST))["value"]["sequence"] == 5


async def test_old_log_waits_until_all_that_peers_have_is_back(
    data: Path, start_storage: Any
) -> None:
    first = await published(data, start_storage)
    copy = restore(data)
    later = await published(data, start_storage)
    async with start_storage(copy) as storage:
        await seen(storage, 6)
        assert "waits for 3 messages that are known to be missing" in await refusal(storage)
        for value in later:
            await storage.call("add", value)
        await opened(storage)
        item = await storage.call("publish", POST)
    assert item["value"]["sequence"] == len(first) + len(later) + 1


async def test_empty_log_of_a_known_key_waits_for_all_of_its_feed(
    data: Path, start_storage: Any
) -> None:
    values = await published(data, start_storage)
    shutil.rmtree(data / "scuttlebot")
    own_file.begin(data, PEER, 9)  # of the key that was there before
    async with start_storage(data) as storage:
        assert "locked at 0: the log was written with another key" in await refusal(storage)
        await seen(storage, 0)
        await seen(storage, 3)
        for value in values:
            await storage.call("add", value)
        await opened(storage)


async def test_messages_from_peers_that_were_not_known_lock_an_old_log(
    data: Path, start_storage: Any, caplog: pytest.LogCaptureFixture
) -> None:
    await published(data, start_storage)
    image = data.with_name("image")
    shutil.copytree(data, image)
    later = await published(data, start_storage)
    own_file.begin(image, generate(b"o" * 32).id, 3)  # as an image of the disk keeps it
    async with start_storage(image) as storage:
        assert await is_open(storage)
        await storage.append([candidate(value) for value in later])
        assert "messages of our own feed came from peers" in await refusal(storage)
    async with start_storage(image) as storage:
        assert not await is_open(storage), "a restart forgets nothing"
        await seen(storage, 6)
        await opened(storage)
    assert "our own feed goes on behind 6" in caplog.text


async def test_lost_end_comes_back_from_peers(data: Path, start_storage: Any) -> None:
    values = await published(data, start_storage)
    shutil.rmtree(data / FOLDER)
    async with start_storage(data) as storage:
        assert "ends at 0, but 3 was published" in await refusal(storage)
        await storage.append([candidate(value) for value in values])
        assert (await storage.call("publish", POST))["value"]["sequence"] == 4


async def test_force_goes_on_at_once_and_for_good(data: Path, start_storage: Any) -> None:
    await published(data, start_storage)
    copy = restore(data)
    async with start_storage(copy, forced=True) as storage:
        assert await is_open(storage)
    async with start_storage(copy) as storage:
        assert not await is_open(storage), "nothing was published: force is for its run alone"
    shutil.rmtree(copy / FOLDER)
    async with start_storage(copy, forced=True) as storage:
        assert (await storage.call("publish", POST))["value"]["sequence"] == 1
    async with start_storage(copy) as storage:
        assert (await storage.call("publish", POST))["value"]["sequence"] == 2


async def test_fork_of_our_own_feed_locks_until_it_is_accepted(
    data: Path, start_storage: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    theirs = await published(data, start_storage, 2)
    shutil.rmtree(data / "scuttlebot")
    await published(data, start_storage, 1, "another")
    own = theirs[0]["author"]
    async with start_storage(data) as storage:
        answer = await storage.call(
            "log.append", {"from": [[PEER, 1]]}, bodies=[candidate(theirs[1])]
        )
        assert answer["refused"][0]["reason"] == "previous"
    for forced in (False, True):
        async with start_storage(data, forced=forced) as storage:
            assert "it has forked at sequence 1" in await refusal(storage)
            state = (await storage.call("health"))["state"]
            assert (state["state"], state["forks"]) == ("own feed forked", 1)
    assert "it has forked" in caplog.text
    async with start_storage(data) as storage:
        [fork] = await storage.items("forks.list")
        assert (fork["feed"], fork["agreed"], fork["peers"]) == (own, 0, [PEER])
        assert fork["other"] == theirs[1]["previous"] != fork["ours"]
        assert (await storage.call("forks.accept", own))["accepted"]
        assert (await storage.call("publish", POST))["value"]["sequence"] == 2
    async with start_storage(data) as storage:
        await storage.append([candidate(theirs[1])])
        assert (await storage.call("publish", POST))["value"]["sequence"] == 3
        [fork] = await storage.items("forks.list")
        assert fork["accepted"]


async def test_own_message_that_is_added_counts_as_published(
    data: Path, start_storage: Any
) -> None:
    values = await published(data, start_storage)
    other = data.with_name("other")
    async with start_storage(other) as storage:
        for value in values:
            await storage.call("add", value)
        assert (await storage.call("publish", POST))["value"]["sequence"] == 4


async def test_lock_is_told_whenever_it_changes(data: Path, start_storage: Any) -> None:
    await published(data, start_storage)
    told: list[Any] = []

    async def follow(storage: Any) -> None:
        async with storage.node.source("storage", "own.locked", {}) as stream:
            async for batch in stream:
                told.extend(batch.json())

    async def both() -> bool:
        return len(told) == 2

    async with start_storage(restore(data)) as storage:
        following = asyncio.create_task(follow(storage))
        await until(lambda: told)
        await seen(storage, 3)
        await until(both, within=30)
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
    assert [one["locked"] for one in told] == [True, False]
    assert "copied" in told[0]["why"]


@pytest.mark.parametrize(
    "given",
    [None, {}, {"peer": PEER}, {"peer": "x", "sequence": 1}, {"peer": PEER, "sequence": -1}],
)
async def test_claim_that_is_none_is_refused(storage: Any, given: Any) -> None:
    with pytest.raises(BusError, match=r"expected \{peer"):
        await storage.call("own.seen", given)


async def test_file_that_cannot_be_kept_is_told_and_stops_nobody(
    data: Path, start_storage: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async with start_storage(data) as storage:
        (data / "scuttlebot" / "own.0").unlink()
        await storage.call("publish", POST)
        assert "the own sequence cannot be kept" in caplog.text
        await storage.call("publish", POST)
    own_file.begin(data, generate(b"o" * 32).id, 9)
    async with start_storage(data, forced=True) as storage:
        (data / "scuttlebot" / "own.new").mkdir()
        await storage.call("publish", POST)
    assert caplog.text.count("cannot be kept") == 3
