"""What ssb-server's own scenario and the pub guides do with the command works with `sbot`, word for word."""

import asyncio
import base64
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from common.refs.multiserver import decode
from tests.support.driver import Driver
from tests.support.ports import free_port
from tests.support.servers import ROOT, SHS, SsbServer
from tests.support.waiting import until

pytestmark = pytest.mark.interop
LIMIT_S = 60
FRIEND = "@" + "f" * 42 + "A=.ed25519"


class Home:
    """A home folder with `SSB_APPNAME=test`, in which the command is given as people give it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / ".test"
        self.env = {
            **os.environ,
            "HOME": str(folder),
            "ssb_appname": "test",
            "PYTHONPATH": str(ROOT),
        }
        self.data.mkdir(parents=True)

    def config(self, **settings: Any) -> None:
        """The file that people write."""
        (self.data / "config").write_text(f"// mine\n{json.dumps(settings)}")

    async def sbot(self, *words: str, stdin: bytes = b"") -> Any:
        """What a command prints: JSON, or text where it is none; fails where the command does."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "services.sbot", *words),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self.env,
            cwd=self.folder,
        )
        out, err = await asyncio.wait_for(process.communicate(stdin), LIMIT_S)
        assert process.returncode == 0, (words, out, err)
        text = out.decode().strip()
        try:
            return json.loads(text)
        except ValueError:
            return text

    @asynccontextmanager
    async def started(self, *flags: str) -> AsyncIterator[str]:
        """`sbot start`; gives the line that it prints when it is ready."""
        with (self.folder / "log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "services.sbot", "start", *flags),
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env=self.env,
                cwd=self.folder,
            )
        assert process.stdout is not None
        try:
            line = await asyncio.wait_for(process.stdout.readline(), LIMIT_S)
            assert line, (self.folder / "log").read_text()
            yield line.decode().strip()
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


@pytest.mark.parametrize("host", ["::1", "127.0.0.1", "localhost"])
@pytest.mark.parametrize("in_file", [True, False], ids=["file", "flags"])
async def test_it_listens_where_file_or_flags_say(
    folder: Path, host: str, *, in_file: bool
) -> None:
    home, port, ws_port = Home(folder), free_port(), free_port()
    flags = [f"--host={host}", f"--port={port}", f"--ws.port={ws_port}"]
    home.config(
        local=False, **({"host": host, "port": port, "ws": {"port": ws_port}} if in_file else {})
    )
    async with home.started(*([] if in_file else flags)):
        for each in (port, ws_port):
            _, writer = await asyncio.open_connection(host, each)
            writer.close()


async def test_websockets_are_there_by_default_and_ssb_client_uses_them(folder: Path) -> None:
    home, port, ws_port = Home(folder), free_port(), free_port()
    caps = base64.b64encode(os.urandom(32)).decode()
    path = str(folder / "data")
    start = ["--host=127.0.0.1", f"--port={port}", f"--ws.port={ws_port}", "--local", "false"]
    async with home.started(*start, "--path", path, "--caps.shs", caps):
        where = ["--host=127.0.0.1", f"--port={port}", "--path", path, "--caps.shs", caps]
        addresses = decode(await home.sbot("address", "device", "--", *where)) or ()
        (ws,) = [layers for layers in addresses if layers[0].name == "ws"]
        assert ws[0].data[-1] == str(ws_port)
        remote = f"ws://127.0.0.1:{ws_port}~shs:{ws[1].data[0]}"
        data = folder / "data"
        async with Driver(data / "secret", remote, caps, data / "manifest.json") as client:
            assert (await client.call("whoami"))["id"] == f"@{ws[1].data[0]}.ed25519"
            assert await client.call("version")


async def test_what_the_guides_teach_works_word_for_word(folder: Path) -> None:
    home, port, ws_port = Home(folder), free_port(), free_port()
    away = SsbServer(folder / "away")
    incoming = {
        "net": [
            {"scope": ["public", "device"], "host": "127.0.0.1", "port": port, "transform": "shs"}
        ],
        "ws": [
            {
                "scope": ["public", "device"],
                "host": "127.0.0.1",
                "port": ws_port,
                "transform": "shs",
            }
        ],
        "unix": [{"scope": "device", "transform": "noauth"}],
    }
    home.config(
        caps={"shs": SHS},
        connections={"incoming": incoming},
        local=False,
        allowPrivate=True,
        hosst=1,
    )
    picture = folder / "picture"
    picture.write_bytes(b"a picture")
    async with home.started(), away:
        log = (folder / "log").read_text()
        assert "setting hosst means nothing here; did you mean host?" in log
        own = (await home.sbot("whoami"))["id"]
        blob = await home.sbot("blobs.add", str(picture))
        assert blob == await home.sbot("blobs.add", stdin=b"a picture")
        said = [
            ["--type", "post", "--text", "my first post"],
            ["--type", "about", "--about", own, "--name", "a pub"],
            ["--type", "about", "--about", own, "--image", blob],
            ["--type", "contact", "--contact", FRIEND, "--following"],
            [
                "--type",
                "pub",
                "--address.key",
                own,
                "--address.host",
                "pub.example",
                "--address.port",
                "8008",
            ],
        ]
        for words in said:
            assert (await home.sbot("publish", *words))["value"]["author"] == own
        assert (await home.sbot("publish", ".", stdin=b'{"type":"post","text":"piped"}'))["key"]
        await home.sbot("gossip.connect", away.address)
        code = await home.sbot("invite.create", "1")
        assert code.startswith("127.0.0.1:")
        accepted = await (await away.client()).call("invite.accept", code)
        assert accepted[0]["value"]["author"] == away.id

        async def came() -> bool:
            return len(_items(await home.sbot("hist", "--id", away.id))) == 2

        await until(came, within=LIMIT_S)
        for name in ("feed", "log", "createLogStream"):
            assert len(_items(await home.sbot(name))) == 9
        assert len(_items(await home.sbot("hist", "--id", own))) == 7
        assert len(_items(await home.sbot("logt", "--type", "post"))) == 2
        status, progress = await home.sbot("status"), await home.sbot("progress")
        assert status["sync"].keys() >= {"since", "plugins", "sync"}
        assert progress["indexes"].keys() == {"start", "current", "target"}
        assert await home.sbot("getAddress") == await home.sbot("address")
        assert (await home.sbot("config"))["port"] == port
        assert (await home.sbot("conf"))["connections"]["incoming"]["ws"][0]["port"] == ws_port
        lines = (await home.sbot("config", "--sources")).splitlines()
        assert f"allowPrivate = true   # {home.data / 'config'}" in lines
        assert "friends.hops = 2   # defaults" in lines
        (invite,) = await home.sbot("invites")
        assert (invite["state"], invite["guests"]) == ("used up", [away.id])
        assert {one["id"]: one["messages"] for one in await home.sbot("feeds")} == {
            own: 7,
            away.id: 2,
        }
        assert [one["key"] for one in await home.sbot("peers", "--json")].count(away.id) == 1


def _items(printed: Any) -> list[Any]:
    """What a stream printed: JSON texts with an empty line behind each."""
    if not isinstance(printed, str):
        return [printed]
    return [json.loads(text) for text in printed.split("\n\n") if text.strip()]
