"""The firewall between real servers: a stranger is refused and remembered, and comes in once it is followed."""

from pathlib import Path

import pytest

from tests.support.driver import CallError
from tests.support.servers import OurServer, SsbServer
from tests.support.waiting import until

pytestmark = pytest.mark.interop
LIMIT_S = 60


async def test_a_stranger_comes_in_when_it_is_followed(folder: Path) -> None:
    ours = OurServer(folder / "a", "--conn.firewall.rejectUnknown", "true")
    async with ours, SsbServer(folder / "b") as theirs:
        at_ours, at_theirs = await ours.client(), await theirs.client()
        with pytest.raises(CallError):
            await at_theirs.call("gossip.connect", ours.address)
        tried = at_ours.collect("connFirewall.attempts", {"old": True, "live": False})
        assert [attempt["id"] for attempt in await tried] == [theirs.id]
        contact = {"type": "contact", "contact": theirs.id, "following": True}
        await at_ours.call("publish", contact)

        async def let_in() -> bool:
            try:
                await at_theirs.call("gossip.connect", ours.address)
            except CallError:
                return False
            return True

        await until(let_in, within=LIMIT_S, every=0.5)
        contact = {"type": "contact", "contact": theirs.id, "blocking": True, "following": False}
        await at_ours.call("publish", contact)

        async def shut_out() -> bool:
            return not await let_in()

        await until(shut_out, within=LIMIT_S, every=0.5)
