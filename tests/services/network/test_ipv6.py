"""IPv6 from one end to the other: listened on, given out, read with and without brackets, dialled."""

import socket

import pytest

from common.bus import Node
from tests.support.network_world import Start
from tests.support.waiting import PATIENCE_S


@pytest.fixture(autouse=True)
def _loopback() -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError as error:
        pytest.skip(f"no IPv6 here: {error}")


@pytest.mark.parametrize("form", ["net:{}", "net:[::1]:{}", "ws://[::1]:{}", "given out"])
async def test_an_address_of_ipv6_is_given_out_and_dialled(start: Start, form: str) -> None:
    here, there = await start(), await start(host="::1")
    net, ws = (place.port for place in there.network.listening.places)
    key = there.network.listening.key
    async with Node("t", there.settings.endpoint, calls=["network"]) as node:
        await node.wait_up("network", PATIENCE_S)
        given = (await node.call("network", "getAddress", "local")).json()
    assert given == f"net:::1:{net}~shs:{key};ws://[::1]:{ws}~shs:{key}"
    place = form.format(ws if form.startswith("ws") else f"::1:{net}" if form == "net:{}" else net)
    address = given if form == "given out" else f"{place}~shs:{key}"
    async with Node("t", here.settings.endpoint, calls=["network"]) as node:
        await node.wait_up("network", PATIENCE_S)
        assert (await node.call("network", "connections.dial", address)).json()["feed"] == (
            there.keys.id
        )
    (came,) = there.network.exchange.connections
    carrier = "ws" if form.startswith("ws") else "net"
    assert came.address.startswith(f"{carrier}:::1:")
