"""EBT 2 and 3 as others speak them: ssb-ebt 5 calling version 2, and ssb-ebt 9 of the newer stack."""

from pathlib import Path

import pytest

from tests.support.driver import PEERS_DB2
from tests.support.mesh import (
    all_hold,
    check_equal,
    contact,
    follow_each_other,
    post,
    posts,
    running,
)
from tests.support.node_packages import install
from tests.support.servers import CompactServer, Db2Server, Ebt2Server, OurServer, SsbServer

pytestmark = pytest.mark.interop
PAIRS: dict[str, tuple[type[SsbServer], bool]] = {
    "ebt 5, version 2": (Ebt2Server, False),
    "ebt 9": (Db2Server, False),
    "ebt 9, we dial": (Db2Server, True),
}
"""The other server, and whether we dial it; the dialler says which version is spoken."""
POSTS = 20


@pytest.mark.parametrize("pair", PAIRS)
async def test_both_get_everything_and_what_is_new(folder: Path, pair: str) -> None:
    install(PEERS_DB2)
    kind, we_dial = PAIRS[pair]
    servers = [OurServer(folder / "ours"), kind(folder / "theirs")]
    async with running(*servers) as clients:
        ours, theirs = (each.id for each in servers)
        await follow_each_other(clients, servers)
        for client in clients:
            await posts(client, POSTS)
        dialler = clients[0 if we_dial else 1]
        await dialler.call("gossip.connect", servers[1 if we_dial else 0].address)
        await all_hold(clients, {ours: POSTS + 1, theirs: POSTS + 1})

        for n in range(2, 5):
            for client in clients:
                await post(client, "live")
            await all_hold(clients, {ours: POSTS + n, theirs: POSTS + n})
        await check_equal(clients, [ours, theirs])


async def test_ours_carries_between_versions(folder: Path) -> None:
    """ssb-ebt 9 on one side, version 2 on the other: ours in the middle translates notes and forwards messages."""
    install(PEERS_DB2)
    servers = [
        Db2Server(folder / "new"),
        CompactServer(folder / "ours"),
        Ebt2Server(folder / "old"),
    ]
    async with running(*servers) as clients:
        new, _, old = (each.id for each in servers)
        at_new, at_ours, at_old = clients
        await contact(at_new, old, following=True)
        await contact(at_old, new, following=True)
        await contact(at_ours, new, following=True)
        for client in (at_new, at_old):
            await posts(client, POSTS)
            await client.call("gossip.connect", servers[1].address)
        await all_hold(clients, {new: POSTS + 1, old: POSTS + 1})
        for n in range(2, 4):
            for client in (at_new, at_old):
                await post(client, "live")
            await all_hold(clients, {new: POSTS + n, old: POSTS + n})
        await check_equal(clients, [new, old])
