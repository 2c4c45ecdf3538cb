"""A local network of its own: network namespaces on one bridge, which nothing leaves. Linux, as root.

Each server of a test runs in one of them; unix sockets and files are shared, so that clients need not.
"""

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from tests.support.driver import Driver
from tests.support.servers import SHS, OurServer, Server, SsbServer

SUBNET = "10.213.77"
"""Private addresses; they exist within the namespaces alone."""
PORT, WS_PORT = 8008, 8989


class Place:
    """One machine of the network: how to run something there, and its address."""

    def __init__(self, name: str, host: str) -> None:
        self.host = host
        self.enter = ["ip", "netns", "exec", name]


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


def _why_not() -> str | None:
    """Why there can be no namespaces here; None where they can be."""
    if sys.platform != "linux" or shutil.which("ip") is None:
        return "needs Linux and iproute2"
    name = f"sb{uuid4().hex[:8]}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
    if made.returncode:
        return f"network namespaces cannot be made here: {made.stderr.strip()}"
    subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)
    return None


def _plug_in(hub: str, name: str, number: int) -> None:
    """Connects a machine with the bridge, and gives it its address."""
    address, everybody = f"{SUBNET}.{number}/24", f"{SUBNET}.255"
    far = ("peer", "name", "eth0", "netns", name)
    _ip("-n", hub, "link", "add", f"v{number}", "type", "veth", *far)
    _ip("-n", hub, "link", "set", f"v{number}", "master", "bridge", "up")
    _ip("-n", name, "addr", "add", address, "broadcast", everybody, "dev", "eth0")
    _ip("-n", name, "link", "set", "eth0", "up")
    _ip("-n", name, "route", "add", "default", "dev", "eth0")


@contextmanager
def local_network(size: int) -> Iterator[list[Place]]:
    """So many machines on one network; skips, and says why, where that cannot be."""
    reason = _why_not()
    if reason is not None:
        pytest.skip(reason)
    tag = uuid4().hex[:8]
    names = [f"sb{tag}-{n}" for n in range(size + 1)]  # the first holds the bridge
    try:
        for name in names:
            _ip("netns", "add", name)
            _ip("-n", name, "link", "set", "lo", "up")
        _ip("-n", names[0], "link", "add", "bridge", "type", "bridge")
        _ip("-n", names[0], "link", "set", "bridge", "up")
        for n, name in enumerate(names[1:], 1):
            _plug_in(names[0], name, n)
        yield [Place(name, f"{SUBNET}.{n}") for n, name in enumerate(names[1:], 1)]
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


class OnLan(Server):
    """A server on such a machine, which looks around; a mixin for the kinds of servers."""

    def __init__(self, folder: Path, place: Place, *flags: str) -> None:
        super().__init__(folder, *flags, port=PORT)
        self.place = place

    @property
    def address(self) -> str:
        return super().address.replace("127.0.0.1", self.place.host)

    def arguments(self) -> list[str]:
        return [
            *("--path", str(self.folder), "--host", self.place.host, "--port", str(PORT)),
            *("--ws.port", str(WS_PORT), "--caps.shs", SHS, *self.flags),
        ]

    async def start(self, *, on_taken_port: bool = True) -> None:
        await super().start(on_taken_port=on_taken_port)  # the port is one of another machine

    async def local_client(self) -> Driver:
        """A client over the unix socket, which namespaces do not part."""
        return await self.client(remote=f"unix:{self.folder / 'socket'}~noauth")


class OursOnLan(OnLan, OurServer):
    """Our suite."""

    def command(self) -> list[str]:
        return [*self.place.enter, *OurServer.command(self)]


class TheirsOnLan(OnLan, SsbServer):
    """npm's ssb-server, with ssb-local."""

    def command(self) -> list[str]:
        return [*self.place.enter, *SsbServer.command(self)]

    async def ready(self) -> None:
        while not ((self.folder / "manifest.json").exists() and (self.folder / "socket").exists()):
            assert self.process.returncode is None, f"ssb-server ended: see {self.folder}.log"
            await asyncio.sleep(0.05)
