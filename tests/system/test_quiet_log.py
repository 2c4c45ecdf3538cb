"""Scanners, old addresses and dead seeds are counted, and fill no log."""

import asyncio
import os
from pathlib import Path

import pytest

from common.refs import raw
from common.runtime.secret import load_or_create
from tests.support.peer import Peer, RefusedError
from tests.support.ports import free_port
from tests.support.servers import SHS_BYTES, OurServer
from tests.support.siege import stranger
from tests.support.waiting import until

N_STRANGERS = 50
WITHIN_S = 60


async def scan(port: int, data: bytes) -> None:
    """Says something that is no handshake, and waits until it is hung up on."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    try:
        await reader.read()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def knock(server: OurServer, key: bytes, shs: bytes) -> None:
    """A handshake for another network, or for who had this address before."""
    with pytest.raises(RefusedError):
        async with Peer(stranger("scanner"), key, server.port, shs):
            pass


async def test_what_strangers_do_wrong_is_counted_and_not_logged(folder: Path) -> None:
    nobody = f"net:127.0.0.1:{free_port()}~shs:{'A' * 43}="
    async with OurServer(folder / "ours", "--seeds", nobody) as server:
        log = folder / "ours.log"
        own = raw(server.id)
        async with Peer(
            load_or_create(server.folder / "secret"), own, server.port, SHS_BYTES
        ) as owner:

            async def tried() -> bool:
                peers = await owner.value("gossip.peers")
                return any(peer.get("failure") for peer in peers)

            await until(tried, within=WITHIN_S)
            before = log.read_text()
            for _ in range(N_STRANGERS):
                await scan(
                    server.port, b"GET / HTTP/1.1\r\nHost: pub.example\r\n\r\n" + os.urandom(40)
                )
                await knock(server, own, os.urandom(32))
                await knock(server, raw(stranger("who was here before").id), SHS_BYTES)
            state = (await owner.value("status"))["services"]["network"]
            assert sum(state["ended"].values()) >= 3 * N_STRANGERS, state
        assert log.read_text() == before
        assert not before
