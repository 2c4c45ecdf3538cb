"""docs/methods.md is what a running suite offers; every method has a test; nothing of ssb-server is missing."""

import json
import re
from pathlib import Path

import pytest

from common.crypto.keys import generate
from tests.support.driver import CallError, Driver
from tests.support.method_table import DOCUMENT, origin
from tests.support.offers import flat, offers
from tests.support.own_methods import OWN_METHODS
from tests.support.servers import ROOT, OurServer, SsbServer

pytestmark = pytest.mark.interop


ROW = re.compile(r"\| `([\w.]+)` \| (\w+) \| ([\w, ]*) \| ([^|]+) \| ([^|]*) \|")
NO_PLUGINS = "runs no npm plugins"


async def test_the_table_is_what_is_offered_and_nothing_is_untested(folder: Path) -> None:
    async with OurServer(folder / "ours") as ours, SsbServer(folder / "theirs") as theirs:
        table = await offers(ours)
        manifest = flat(json.loads((theirs.folder / "manifest.json").read_text()))
    types = {name: offered.type for name, offered in table.items()}
    assert {name: kind for name, kind in types.items() if manifest.get(name) != kind} == OWN_METHODS
    assert not manifest.keys() - types.keys()
    found = {m[1]: m for m in map(ROW.fullmatch, DOCUMENT.read_text().splitlines()) if m}
    assert {name: m.group(2, 3, 4) for name, m in found.items()} == {
        name: (one.type, ", ".join(one.roles), origin(name)) for name, one in table.items()
    }
    for name, match in found.items():
        named = re.findall(r"`(tests/[\w/.]+)`", match[5])
        assert named, f"{name} has no test"
        for path in named:
            assert f'"{name}"' in (ROOT / path).read_text(), f"{path} does not call {name}"


async def test_what_the_server_tells_of_itself_and_of_keys(folder: Path) -> None:
    stranger, foe = (generate(bytes([n]) * 32).id for n in range(2))
    found = []
    for server in (OurServer(folder / "ours"), SsbServer(folder / "theirs")):
        async with server:
            client = await server.client()
            block = {"type": "contact", "contact": foe, "blocking": True}
            await client.call("publish", block)
            for scope in ((), ("public",), ("x",)):
                address = await client.call("address", *scope)
                assert await client.call("multiserver.address", *scope) == address
            rights = [await client.call("auth", key) for key in (server.id, stranger)]
            with pytest.raises(CallError, match="client is blocked"):
                await client.call("auth", foe)
            helps = {name: await client.call(name) for name in ("help", "plugins.help")}
            helps["blobs.help"] = await client.call("blobs.help")
            indexes = (await client.call("progress"))["indexes"]
            assert indexes.keys() == {"start", "current", "target"}
            found.append((rights, helps))
            if isinstance(server, OurServer):
                await _ours_alone(client)
    (ours, our_helps), (theirs, their_helps) = found
    assert ours == theirs == [{"allow": None, "deny": None}, False]
    for name, told in their_helps.items():
        for command, about in told["commands"].items():
            assert our_helps[name]["commands"][command]["type"] == about["type"], command


async def _ours_alone(client: Driver) -> None:
    layers = [{"name": "net", "data": ["::1", "8"]}, {"name": "shs", "data": ["a"]}]
    assert await client.call("multiserver.parse", "net:!:!:1:8~shs:a") == [layers]
    with pytest.raises(CallError, match="multiserver address"):
        await client.call("multiserver.parse", 5)
    for name in ("plugins.enable", "plugins.disable"):
        with pytest.raises(CallError, match=NO_PLUGINS):
            await client.call(name, "x")
    for name in ("plugins.install", "plugins.uninstall"):
        with pytest.raises(CallError, match=NO_PLUGINS):
            await client.collect(name, "x")
    assert set((await client.call("invite.help"))["commands"]) >= {"create", "accept", "revoke"}
    with pytest.raises(CallError, match="no such invite"):
        await client.call("invite.label", "x", "y")
