"""Servers as real processes: npm's ssb-server and our own suite, each in a folder of its own on 127.0.0.1."""

import abc
import asyncio
import base64
import contextlib
import hashlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import Self

from tests.support.driver import PEERS, PEERS_DB2, PEERS_PLUGINS, PEERS_TRIBES, Driver
from tests.support.ports import free_port, need_free

SHS_BYTES = hashlib.sha256(b"the private network of these tests").digest()
SHS = base64.b64encode(SHS_BYTES).decode()
ROOT = Path(__file__).parent.parent.parent
START_LIMIT_S = 60
STOP_LIMIT_S = 10


def address_of(secret: Path, port: int) -> str:
    """The multiserver address of a server on 127.0.0.1 with this secret file."""
    lines = [line for line in secret.read_text().splitlines() if not line.lstrip().startswith("#")]
    public: str = json.loads("".join(lines))["public"]
    return f"net:127.0.0.1:{port}~shs:{public.removesuffix('.ed25519')}"


class Server(abc.ABC):
    """A server process, its folder, and how to reach it; use it as an async context manager."""

    kind = ""
    speaks = False
    """Whether its standard output is read, or goes to the log."""
    settles_at_start = False
    """Whether some answers depend on what came while it ran, and on nothing but the log after a start."""

    def __init__(self, folder: Path, *flags: str, port: int | None = None) -> None:
        self.folder = folder
        self.port = port or free_port()
        self.ws_port = free_port()
        self.flags = flags
        self._drivers = contextlib.AsyncExitStack()

    @property
    def address(self) -> str:
        """Where it listens with SHS."""
        return address_of(self.folder / "secret", self.port)

    @property
    def ws_address(self) -> str:
        """Where it listens for WebSockets, as multiserver writes it."""
        key = self.address.rsplit(":", 1)[1]
        return f"ws://127.0.0.1:{self.ws_port}~shs:{key}"

    @property
    def id(self) -> str:
        """Its feed id."""
        return f"@{self.address.rsplit(':', 1)[1]}.ed25519"

    @abc.abstractmethod
    def command(self) -> list[str]:
        """The command line that starts it."""

    @abc.abstractmethod
    async def ready(self) -> None:
        """Returns when it answers."""

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            if hasattr(self, "process"):
                await self.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self, *, on_taken_port: bool = False) -> None:
        """Starts the process on a port that is free (or on purpose not), and waits until it answers."""
        if not on_taken_port:
            need_free(self.port)
        self.folder.mkdir(parents=True, exist_ok=True)
        home = self.folder.parent / "home"
        home.mkdir(exist_ok=True)
        environment = {**os.environ, "HOME": str(home), "PYTHONPATH": str(ROOT)}
        with (self.folder.parent / f"{self.folder.name}.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *self.command(),
                stdout=asyncio.subprocess.PIPE if self.speaks else log,
                stderr=log,
                env=environment,
                cwd=home,
            )
        await asyncio.wait_for(self.ready(), START_LIMIT_S)

    async def stop(self) -> None:
        """Ends its clients, then itself: SIGTERM, and SIGKILL for one that does not listen."""
        await self._drivers.aclose()
        if self.process.returncode is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self.process.communicate(), STOP_LIMIT_S)
        except TimeoutError:
            self.process.kill()
            await self.process.wait()

    async def client(self, *, secret: Path | None = None, remote: str | None = None) -> Driver:
        """A connected ssb-client, with the server's own key unless another secret file is named."""
        driver = Driver(
            secret or self.folder / "secret",
            remote or self.address,
            SHS,
            self.folder / "manifest.json",
        )
        return await self._drivers.enter_async_context(driver)

    def arguments(self) -> list[str]:
        """The flags both kinds of server understand."""
        return [
            *("--path", str(self.folder), "--host", "127.0.0.1", "--port", str(self.port)),
            *(
                "--ws.port",
                str(self.ws_port),
                "--caps.shs",
                SHS,
                "--local",
                "false",
                "--gossip.local",
                "false",
            ),
            *self.flags,
        ]


class SsbServer(Server):
    """npm's ssb-server 16.0.1; with `ebt=False` without ssb-ebt."""

    kind = "ssb-server"

    def __init__(
        self, folder: Path, *flags: str, port: int | None = None, ebt: bool = True
    ) -> None:
        super().__init__(folder, "--logging.level", "error", *flags, port=port)
        self._script = PEERS / ("node_modules/ssb-server/bin.js" if ebt else "server-noebt.js")

    def command(self) -> list[str]:
        return ["node", str(self._script), "start", "--", *self.arguments()]

    async def ready(self) -> None:
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.close()
                if (self.folder / "manifest.json").exists():
                    return
            assert self.process.returncode is None, f"ssb-server ended: see {self.folder}.log"
            await asyncio.sleep(0.05)


class Ebt2Server(SsbServer):
    """npm's ssb-server, calling `ebt.replicate` in version 2."""

    kind = "ssb-server, EBT 2"

    def command(self) -> list[str]:
        return ["node", str(PEERS / "server-ebt2.js"), "start", "--", *self.arguments()]


class PluginsServer(SsbServer):
    """npm's ssb-server with the plugins that answer clients' questions."""

    kind = "ssb-server, plugins"
    settles_at_start = True

    def command(self) -> list[str]:
        return ["node", str(PEERS_PLUGINS / "server.js"), "start", "--", *self.arguments()]


class Db2Server(SsbServer):
    """The stack around ssb-db2 with ssb-ebt 9, under the names of methods that ssb-server has."""

    kind = "ssb-db2"

    def command(self) -> list[str]:
        return ["node", str(PEERS_DB2 / "server.js"), "start", "--", *self.arguments()]


class ClientsServer(Db2Server):
    """The same with ssb-threads and `partialReplication.getSubset`."""

    kind = "ssb-db2, clients"

    def arguments(self) -> list[str]:
        return [*super().arguments(), "--clients"]


class TribesServer(SsbServer):
    """The stack around ssb-db2 with ssb-box2 and ssb-tribes."""

    kind = "ssb-tribes"

    def command(self) -> list[str]:
        return ["node", str(PEERS_TRIBES / "server.js"), "start", "--", *self.arguments()]


class OurServer(Server):
    """Our suite, as `sbot start` runs it."""

    kind = "scuttlebot"
    speaks = True

    def command(self) -> list[str]:
        return [sys.executable, "-m", "services.sbot", "start", *self.arguments()]

    async def ready(self) -> None:
        assert self.process.stdout is not None
        self.ready_line = (await self.process.stdout.readline()).decode().strip()
        assert self.ready_line, f"sbot ended without a word: see {self.folder}.log"
        assert self.ready_line == f"ready {self.address}"


class CompactServer(OurServer):
    """Our suite in one process."""

    kind = "scuttlebot compact"

    def arguments(self) -> list[str]:
        return [*super().arguments(), "--compact"]


class WorkersServer(OurServer):
    """Our suite with two workers of each service that may have several."""

    kind = "scuttlebot 2/2"

    def arguments(self) -> list[str]:
        workers = ("--workers.network", "2", "--workers.replication", "2")
        return [*super().arguments(), *workers]


OURS: dict[str, type[OurServer]] = {"processes": OurServer, "compact": CompactServer}
"""Both ways to run our suite, as parameters of tests."""
