"""A data folder that a real ssb-server leaves: what ours takes over of it, what it leaves alone, and that it says so."""

import hashlib
import json
from pathlib import Path

import pytest

from common.crypto.keys import generate
from common.refs import blob_id
from tests.support.servers import CompactServer, SsbServer

pytestmark = pytest.mark.interop

PEER = f"net:127.0.0.1:9~shs:{generate(b'p' * 32).id[1:-8]}"
BLOB = blob_id(hashlib.sha256(b"a blob").digest())
LEFT = ("flume", "db", "invites", "ooo", "blobs_push")


def sums(folder: Path) -> dict[str, str]:
    """What lies in the folders of the databases of ssb-server."""
    files = (one for name in LEFT for one in (folder / name).rglob("*") if one.is_file())
    return {str(one): hashlib.sha256(one.read_bytes()).hexdigest() for one in files}


async def test_a_folder_of_ssb_server_is_taken_over_but_for_its_databases(folder: Path) -> None:
    place, file = folder / "one", folder / "file"
    file.write_bytes(b"a blob")
    async with SsbServer(place, "--allowPrivate", "true") as theirs:
        client = await theirs.client()
        await client.call("publish", {"type": "post", "text": "here"})
        await client.call("invite.create", 3)
        await client.send_file("blobs.add", file)
        await client.call("gossip.add", PEER, "manual")
        await client.call("gossip.disable", "seed")
    (place / "gossip.json").write_text(json.dumps([{"address": PEER, "source": "manual"}]))
    before, known, secret = sums(place), theirs.id, (place / "secret").read_bytes()
    assert before

    refused = CompactServer(place)
    with pytest.raises(AssertionError, match="ended without a word"):
        await refused.start()
    await refused.stop()
    log = (folder / "one.log").read_text()
    assert f"{place}/flume/log.offset: is of ssb-server, whose log cannot be imported yet" in log
    assert not (place / "scuttlebot").exists()

    async with CompactServer(place, "--ignoreOtherLog") as ours:
        client = await ours.client()
        assert (await client.call("whoami"))["id"] == known
        assert await client.call("blobs.has", BLOB)
        assert PEER in [peer["address"] for peer in await client.call("gossip.peers")]
        await client.call("gossip.enable", "seed")
    told = [
        line for line in (folder / "one.log").read_text().splitlines() if "left as it is" in line
    ]
    assert len(told) == 1
    assert "invites (invites of ssb-server: open ones cannot be taken over)" in told[0]
    assert "node_modules" not in told[0], "it is there, and empty"
    assert sums(place) == before
    assert (place / "secret").read_bytes() == secret
    assert json.loads((place / "config").read_text())["gossip"] == {"seed": True}


async def test_a_device_says_where_it_is(folder: Path) -> None:
    async with CompactServer(folder / "one") as ours:
        client = await ours.client()
        said = {"scope": "device", "availability": 0.8}
        published = await client.call("deviceAddress.announce", said)
        address = await client.call("address", "device")
        content = {"type": "address", "address": address, "availability": 0.8}
        assert published["value"]["content"] == content
        found = {"id": ours.id, "sequence": 1, "address": address, "availability": 0.8}
        assert await client.call("deviceAddress.getAddress", ours.id) == found
        again = {"address": address, "availability": 0.8}
        assert await client.call("deviceAddress.announce", again) == found
        await client.call("deviceAddress.announce", {"availability": 0, "recps": ours.id})
        assert not await client.call("deviceAddress.getAddress", ours.id)
        assert "announce" in (await client.call("deviceAddress.help"))["commands"]
