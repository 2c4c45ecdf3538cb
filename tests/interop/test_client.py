"""An unmodified ssb-client at our suite: over net and the unix socket, as owner, stranger and blocked."""

import json
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.driver import PEERS, CallError
from tests.support.servers import OURS, OurServer, WorkersServer
from tests.support.waiting import until

pytestmark = pytest.mark.interop
NOT_ALLOWED = "method:{} is not in list of allowed methods"


@pytest.fixture(params=[*OURS, "workers"])
async def ours(folder: Path, request: pytest.FixtureRequest) -> AsyncIterator[OurServer]:
    kind = OURS.get(request.param, WorkersServer)
    async with kind(folder / "ours") as server:
        yield server


def unix_address(server: OurServer) -> str:
    return f"unix:{server.folder / 'socket'}~noauth"


def new_secret(path: Path) -> str:
    script = "console.log(require('ssb-keys').loadOrCreateSync(process.argv[1]).id)"
    done = subprocess.run(
        ["node", "-e", script, str(path)], cwd=PEERS, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.mark.parametrize("transport", ["net", "unix"])
async def test_owner_publishes_and_reads(ours: OurServer, transport: str) -> None:
    remote = ours.address if transport == "net" else unix_address(ours)
    client = await ours.client(remote=remote)
    assert await client.call("whoami") == {"id": ours.id}
    texts = ["one", "zwei 1.5 1e21", "три 🦀"]
    sent = [await client.call("publish", {"type": "post", "text": text}) for text in texts]
    assert [m["value"]["sequence"] for m in sent] == [1, 2, 3]
    assert sent[1]["value"]["previous"] == sent[0]["key"]
    assert await client.call("get", sent[0]["key"]) == sent[0]["value"]
    assert await client.call("getVectorClock") == {ours.id: 3}
    assert (await client.call("getLatest", ours.id))["key"] == sent[2]["key"]
    assert await client.call("latestSequence", ours.id) == 3
    assert await client.collect("createLogStream") == sent
    assert await client.collect("createUserStream", {"id": ours.id, "reverse": True}) == sent[::-1]
    assert await client.collect("createHistoryStream", {"id": ours.id, "seq": 2}) == sent[1:]
    values = await client.collect("createHistoryStream", {"id": ours.id, "keys": False})
    assert values == [m["value"] for m in sent]
    keys = await client.collect("createUserStream", {"id": ours.id, "values": False, "limit": 2})
    assert keys == [m["key"] for m in sent[:2]]
    assert ours.address in (await client.call("address")).split(";")
    assert (await client.call("manifest"))["whoami"] == "sync"

    async def indexed() -> bool:
        found = await client.collect("messagesByType", "post")
        return [m["key"] for m in found] == [m["key"] for m in sent]

    await until(indexed, within=60)
    assert [m["key"] for m in await client.collect("createFeedStream")] == [m["key"] for m in sent]


async def test_publish_refuses_what_the_reference_refuses(ours: OurServer) -> None:
    client = await ours.client()
    for content in (
        {"text": "no type"},
        {"type": "xx"},
        "no box",
        {"type": "post", "t": "x" * 9000},
    ):
        with pytest.raises(CallError):
            await client.call("publish", content)
    assert await client.call("getVectorClock") == {}


async def test_live_stream_gives_old_then_sync_then_new(ours: OurServer) -> None:
    client = await ours.client()
    first = await client.call("publish", {"type": "post", "text": "old"})
    stream = client.source("createLogStream", {"live": True, "sync": True}, limit=3)
    assert (await anext(stream))["key"] == first["key"]
    assert await anext(stream) == {"sync": True}
    second = await client.call("publish", {"type": "post", "text": "new"})
    assert (await anext(stream))["key"] == second["key"]


async def test_stranger_gets_the_anonymous_list_only(ours: OurServer, folder: Path) -> None:
    owner = await ours.client()
    await owner.call("publish", {"type": "post", "text": "for all"})
    new_secret(folder / "stranger")
    stranger = await ours.client(secret=folder / "stranger")
    assert len(await stranger.collect("createHistoryStream", {"id": ours.id})) == 1
    for method in ("whoami", "publish", "getVectorClock", "get"):
        with pytest.raises(CallError, match="is not in list of allowed methods") as caught:
            await stranger.call(method, {"type": "post"})
        assert str(caught.value) == NOT_ALLOWED.format(method)
    with pytest.raises(CallError, match="is not in list of allowed methods"):
        await stranger.collect("createLogStream")


async def test_blocked_key_gets_nothing(ours: OurServer, folder: Path) -> None:
    owner = await ours.client()
    enemy = new_secret(folder / "enemy")
    await owner.call("publish", {"type": "contact", "contact": enemy, "blocking": True})

    async def refused() -> bool:
        try:
            client = await ours.client(secret=folder / "enemy")
            await client.collect("createHistoryStream", {"id": ours.id})
        except CallError:
            return True
        return False

    await until(refused, within=60)
    assert await owner.call("friends.isBlocking", {"source": ours.id, "dest": enemy}) is True
    assert await owner.call("friends.isFollowing", {"source": ours.id, "dest": enemy}) is False


async def test_manifest_file_is_the_manifest(ours: OurServer) -> None:
    client = await ours.client()
    written = json.loads((ours.folder / "manifest.json").read_text())
    assert written == await client.call("manifest")
    assert written["friends"]["hops"] == "async"
    assert written["ebt"]["replicate"] == "duplex"
