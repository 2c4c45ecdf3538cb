"""Ours dials and is dialled at once by npm's ssb-server or by another of ours: they stay together, in peace."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.support.driver import CallError, Driver
from tests.support.servers import OurServer, Server, SsbServer
from tests.support.waiting import until

pytestmark = pytest.mark.interop
LIMIT_S = 60
QUIET_S = 6


async def network(client: Driver) -> dict[str, Any]:
    """What our network service says of its connections."""
    status = await client.call("status")
    state: dict[str, Any] = status["services"]["network"]
    return state


async def connect(client: Driver, address: str) -> None:
    try:
        await client.call("gossip.connect", address)
    except CallError:
        return  # the other one's dial was kept


@pytest.mark.parametrize(("kind", "turn"), [(SsbServer, 0), (SsbServer, 1), (OurServer, 0)])
async def test_dialling_at_once_ends_in_peace(folder: Path, kind: type[Server], turn: int) -> None:
    assert turn >= 0  # each draws other keys, so that either side's may be the greater
    async with OurServer(folder / "a") as ours, kind(folder / "b") as theirs:
        at_ours, at_theirs = await ours.client(), await theirs.client()
        for here, other in ((at_ours, theirs), (at_theirs, ours)):
            contact = {"type": "contact", "contact": other.id, "following": True}
            await here.call("publish", contact)
        clients = (await network(at_ours))["connections"]
        await asyncio.gather(connect(at_ours, theirs.address), connect(at_theirs, ours.address))

        async def quiet() -> bool:
            before = await network(at_ours)
            await asyncio.sleep(QUIET_S)
            after = await network(at_ours)
            names = ("ended", "connections")
            return all(before[n] == after[n] for n in names) and int(after["connections"]) > clients

        await until(quiet, within=LIMIT_S)
        state = await network(at_ours)
        assert state["ended"].get("both dialled at once", 0) <= 2
        if kind is OurServer:
            assert state["connections"] == clients + 1
        post = await at_theirs.call("publish", {"type": "post", "text": "still here"})

        async def arrived() -> bool:
            try:
                return bool(await at_ours.call("get", post["key"]))
            except CallError:
                return False

        await until(arrived, within=LIMIT_S)
