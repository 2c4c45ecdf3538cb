"""Three in a row whose ends never meet: what the middle does not say itself, it still carries in both directions."""

from pathlib import Path

import pytest

from tests.support.mesh import all_hold, check_equal, contact, post, posts, running
from tests.support.servers import CompactServer, OurServer, Server, SsbServer

pytestmark = pytest.mark.interop
CHAINS: dict[str, tuple[list[type[Server]], bool]] = {
    "theirs, ours, theirs": ([SsbServer, OurServer, SsbServer], False),
    "theirs, ours, theirs, the middle dials": ([SsbServer, CompactServer, SsbServer], True),
    "ours, theirs, ours": ([OurServer, SsbServer, CompactServer], False),
    "ours, ours, theirs, the middle dials": ([CompactServer, OurServer, SsbServer], True),
}
"""The three in their order, and whether the middle one dials the others."""
POSTS = 20


@pytest.mark.parametrize("chain", CHAINS)
async def test_the_middle_carries_what_the_ends_say(folder: Path, chain: str) -> None:
    """Nobody follows the middle, and it follows only one end: the other is a friend's friend."""
    kinds, middle_dials = CHAINS[chain]
    servers = [kind(folder / f"s{n}") for n, kind in enumerate(kinds)]
    a, middle, b = servers
    async with running(*servers) as clients:
        at_a, at_middle, at_b = clients
        await contact(at_a, b.id, following=True)
        await contact(at_b, a.id, following=True)
        await contact(at_middle, a.id, following=True)
        await posts(at_a, POSTS)
        await posts(at_b, POSTS)
        for end, at_end in ((a, at_a), (b, at_b)):
            dialler, address = (at_middle, end) if middle_dials else (at_end, middle)
            await dialler.call("gossip.connect", address.address)
        await all_hold(clients, {a.id: POSTS + 1, b.id: POSTS + 1})

        for _ in range(3):
            await post(at_a, "to the other end")
            await post(at_b, "and back")
        await all_hold(clients, {a.id: POSTS + 4, b.id: POSTS + 4})
        await all_hold([at_a, at_b], {middle.id: 0})
        await check_equal(clients, [a.id, b.id])
