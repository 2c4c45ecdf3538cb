"""WebSockets beside the reference: its client comes in over ours, servers dial each other over them."""

import json
from pathlib import Path

import pytest

from tests.support.replicas import clock, log
from tests.support.servers import OurServer, Server, SsbServer
from tests.support.waiting import until

pytestmark = pytest.mark.interop
KINDS: dict[str, type[Server]] = {"ours": OurServer, "theirs": SsbServer}
LIMIT_S = 60


async def test_ssb_client_calls_over_ws(folder: Path) -> None:
    async with OurServer(folder / "a") as server:
        client = await server.client(remote=server.ws_address)
        assert client.remote_id == server.id
        sent = await client.call("publish", {"type": "post", "text": "x" * 7000})
        assert (await client.call("get", sent["key"]))["content"]["text"] == "x" * 7000
        assert [m["key"] for m in await client.collect("createLogStream")] == [sent["key"]]


@pytest.mark.parametrize(("dialler", "listener"), [("ours", "theirs"), ("theirs", "ours")])
async def test_messages_go_both_ways_over_ws(folder: Path, dialler: str, listener: str) -> None:
    (folder / "home" / ".ssb").mkdir(parents=True)
    outgoing = {"net": [{"transform": "shs"}], "ws": [{"transform": "shs"}]}
    config = json.dumps({"connections": {"outgoing": outgoing}})
    (folder / "home" / ".ssb" / "config").write_text(config)
    async with KINDS[dialler](folder / "a") as a, KINDS[listener](folder / "b") as b:
        at_a, at_b = await a.client(), await b.client()
        for here, other in ((at_a, b), (at_b, a)):
            contact = {"type": "contact", "contact": other.id, "following": True}
            await here.call("publish", contact)
            await here.call("publish", {"type": "post", "text": "over ws: 🦀"})
        await at_a.call("gossip.connect", {"address": b.ws_address, "key": b.id})

        async def same() -> bool:
            held = await clock(at_a)
            return held == await clock(at_b) == {a.id: 2, b.id: 2}

        await until(same, within=LIMIT_S)
        assert await log(at_a) == await log(at_b)
        peers = await at_a.call("gossip.peers")
        assert [p["address"] for p in peers if p["key"] == b.id] == [b.ws_address]


async def test_addresses_of_all_scopes_are_those_of_the_reference(folder: Path) -> None:
    answers = []
    for kind in (SsbServer, OurServer):
        async with kind(folder / kind.kind) as server:
            client = await server.client()
            found = [await client.call("address", scope) for scope in ("local", "public")]
            found.append(await client.call("address"))
            names = {
                f":{server.port}~": ":NET~",
                f":{server.ws_port}~": ":WS~",
                server.id[1:-8]: "KEY",
                str(server.folder): "FOLDER",
            }
            for old, new in names.items():
                found = [text.replace(old, new) for text in found]
            answers.append(found)
    assert answers[0] == answers[1]
