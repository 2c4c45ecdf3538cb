"""What strangers and liars send costs their connection or call; nothing invalid is stored, nobody else notices."""

import asyncio
import contextlib
import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from common.crypto.keys import Keys, generate
from common.feed.create import create
from common.feed.validate import Head, Verified, verify_value
from common.refs import raw
from common.runtime.secret import load_or_create
from common.wire.events import Items
from common.wire.handshake import Client
from tests.support.peer import Peer, close
from tests.support.servers import OURS, SHS_BYTES, OurServer
from tests.support.waiting import until

HANG_UP_LIMIT_S = 60


@pytest.fixture(params=OURS)
async def ours(folder: Path, request: pytest.FixtureRequest) -> AsyncIterator[OurServer]:
    async with OURS[request.param](folder / "ours") as server:
        yield server


def owner(server: OurServer) -> Peer:
    return as_peer(server, load_or_create(server.folder / "secret"))


def as_peer(server: OurServer, keys: Keys, *serves: str) -> Peer:
    return Peer(keys, raw(server.id), server.port, SHS_BYTES, serves=serves)


def stranger(name: str) -> Keys:
    return generate(hashlib.sha256(name.encode()).digest())


async def hung_up(port: int, opening: bytes) -> bool:
    """Whether the server ends a connection that begins with these bytes and then says nothing."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(opening)
    with contextlib.suppress(ConnectionError):
        while await asyncio.wait_for(reader.read(4096), HANG_UP_LIMIT_S):
            pass
    await close(writer)
    return True


def first_message(server: OurServer, shs: bytes) -> bytes:
    keys = stranger("half")
    return Client(shs, keys.public, keys.secret, raw(server.id), os.urandom(32)).data_to_send()


async def test_bad_handshakes_end_their_connection_only(ours: OurServer) -> None:
    async with owner(ours) as healthy:
        good = first_message(ours, SHS_BYTES)
        openings = [
            first_message(ours, bytes(32)),
            b"",
            good,
            good[:20],
            good + bytes(112),
            b"GET / HTTP/1.1\r\n\r\n" * 9,
        ]
        assert all(await asyncio.gather(*(hung_up(ours.port, opening) for opening in openings)))
        assert await healthy.value("whoami") == {"id": ours.id}


GARBAGE = {
    "a frame too large": b"\x02\xff\xff\xff\xff\x00\x00\x00\x01",
    "a request that is no JSON": b"\x0a\x00\x00\x00\x05\x00\x00\x00\x01{nope",
    "a type that is none": b"\x0b\x00\x00\x00\x01\x00\x00\x00\x01x",
}


async def test_garbage_behind_a_good_handshake_ends_the_connection(ours: OurServer) -> None:
    async with owner(ours) as healthy:
        async with as_peer(ours, stranger("unsealed")) as peer:
            peer.writer.write(os.urandom(4000))
            await asyncio.wait_for(peer.closed.wait(), HANG_UP_LIMIT_S)
        for name, plain in GARBAGE.items():
            async with as_peer(ours, stranger(name)) as peer:
                peer.writer.write(peer.sealer.seal(plain))
                await asyncio.wait_for(peer.closed.wait(), HANG_UP_LIMIT_S)
        assert await healthy.value("whoami") == {"id": ours.id}


class Liar:
    """A feed that the server follows, and the messages its owner may send."""

    def __init__(self, name: str, n: int) -> None:
        self.keys = stranger(name)
        head, self.heads = None, []
        self.messages: list[bytes] = []
        for i in range(n):
            made = self.make(head, f"{name} {i}")
            head = Head(made.key, made.sequence)
            self.heads.append(head)
            self.messages.append(made.compact)

    def make(self, head: Head | None, text: str) -> Verified:
        value = create(head, self.keys, None, {"type": "post", "text": text}, 1_700_000_000_000)
        made = verify_value(value, None)
        assert isinstance(made, Verified)
        return made


async def replicate(server: OurServer, keys: Keys, liar: Liar, *messages: bytes) -> None:
    """Plays a server with these keys: claims to have 100 messages of the liar's feed, and sends these."""
    async with as_peer(server, keys) as peer:
        session = peer.call("duplex", "ebt.replicate", {"version": 3, "format": "classic"})
        assert isinstance(await asyncio.wait_for(peer.event(session), HANG_UP_LIMIT_S), Items)
        peer.send(session, orjson.dumps({liar.keys.id: 100 << 1}))
        await asyncio.sleep(0.3)
        peer.send(session, *messages)
        await asyncio.sleep(0.7)


async def held(peer: Peer, liar: Liar) -> int:
    clock = await peer.value("getVectorClock")
    return int(clock.get(liar.keys.id, 0))


@pytest.mark.parametrize(
    ("lie", "kept"),
    [
        ("forged", 2),
        ("replayed", 4),
        ("gap", 2),
        ("reordered", 1),
        ("not json", 2),
        ("fork", 3),
    ],
)
async def test_lies_are_not_stored_and_the_truth_is_still_taken(
    ours: OurServer, lie: str, kept: int
) -> None:
    liar = Liar("liar " + lie, 5)
    m = liar.messages
    branch = liar.make(liar.heads[1], "another third message").compact
    forged = m[2].replace(b"liar", b"lier", 1)
    sent = {
        "forged": [m[0], m[1], forged, m[3]],
        "replayed": [m[0], m[0], m[1], m[0], m[2], m[2], m[3]],
        "gap": [m[0], m[1], m[3], m[4]],
        "reordered": [m[0], m[2], m[1]],
        "not json": [m[0], m[1], m[2][:-5], m[3]],
        "fork": [m[0], m[1], m[2], branch, m[2]],
    }[lie]
    async with owner(ours) as healthy:
        await healthy.value(
            "publish", {"type": "contact", "contact": liar.keys.id, "following": True}
        )

        async def followed() -> Any:
            return (await healthy.value("friends.hops")).get(liar.keys.id) == 1

        await until(followed, within=60)
        await replicate(ours, liar.keys, liar, *sent)
        stored = await held(healthy, liar)
        assert stored in (kept, kept + 1 if lie in ("reordered", "not json") else kept)
        texts = [orjson.loads(x)["content"]["text"] for x in m[:stored]]
        log = await healthy.items("createUserStream", {"id": liar.keys.id})
        assert [item["value"]["content"]["text"] for item in log] == texts

        await replicate(ours, stranger("honest"), liar, *m[stored:])
        assert await held(healthy, liar) == len(m)
