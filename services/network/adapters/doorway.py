"""The sockets on which we listen: TCP, WebSocket and plain HTTP on one port, and the unix socket.

Knows how to bind them and what a fresh socket goes through until its stream stands. Must never know what is
said later: it hands the stream to `meeting`, and what is no WebSocket to `web`.
"""

import asyncio
import os
import socket
import ssl
import stat
from collections.abc import Callable
from functools import partial
from pathlib import Path

from services.network.adapters.exchange import Exchange
from services.network.adapters.link import Link
from services.network.adapters.meeting import Meeting
from services.network.adapters.opening import Opening
from services.network.adapters.secure_door import SecureDoor
from services.network.adapters.web import Web
from services.network.model import Admission
from services.network.websocket import Accepting

__all__ = ["HANDSHAKE_SECONDS", "Doorway", "SocketTakenError"]

HANDSHAKE_SECONDS = 5.0
"""The reference's `timers.handshake`: who has not proven itself by then is silent, lost or hostile."""

BACKLOG = 512
"""Connections the system holds ready for us; what is over it tries again."""


class SocketTakenError(OSError):
    """A living server answers on the unix socket of our folder."""


class Doorway:
    """Lets connections in. A stranger has `handshake_seconds` from its arrival until it is known who it is.

    `shares_ports` tells that other workers listen on the same ports: the system spreads connections over all.
    """

    def __init__(
        self,
        *,
        meeting: Meeting,
        exchange: Exchange,
        admission: Admission,
        web: Web,
        shares_ports: bool = False,
        handshake_seconds: float = HANDSHAKE_SECONDS,
    ) -> None:
        self.admission = admission
        self._meeting = meeting
        self._exchange = exchange
        self._web = web
        self._shares_ports = shares_ports
        self._limit = handshake_seconds
        self._servers: list[asyncio.AbstractServer | SecureDoor] = []
        self._socket: tuple[Path, int] | None = None
        self._strangers: set[Link] = set()
        """Who has not said yet who it is, and whose requests over HTTP are being answered."""

    async def listen_net(self, host: str, port: int) -> int:
        """Listen on TCP; answers the port, which the system chose when 0 was asked for.

        Raises:
            OSError: the address is taken or not ours.
        """
        return await self._listen(self._net, host, port)

    async def listen_ws(self, host: str, port: int, *, http: bool = True) -> int:
        """Listen for WebSockets, and for plain HTTP if that is wanted; answers the port.

        Raises:
            OSError: the address is taken or not ours.
        """
        return await self._listen(partial(self._ws, http=http), host, port)

    def listen_wss(
        self, host: str, port: int, context: ssl.SSLContext, *, http: bool = True
    ) -> int:
        """Listen for WebSockets behind TLS, and for plain HTTP if that is wanted; answers the port.

        Raises:
            OSError: the address is taken or not ours.
        """
        door = SecureDoor(
            context,
            self._limit,
            enter=self._enter,
            arrived=partial(self._wss, http=http),
            failed=self._not_secured,
        )
        port = door.listen(host, port, BACKLOG, shares_port=self._shares_ports)
        self._servers.append(door)
        return port

    async def listen_unix(self, path: Path) -> None:
        """Listen on a unix socket that only our user can open; one that nobody answers on is replaced.

        Raises:
            SocketTakenError: another server answers on it.
            OSError: it cannot be made.
        """
        loop = asyncio.get_running_loop()
        sock, inode = _bind(path)
        self._socket = (path, inode)
        self._servers.append(
            await loop.create_unix_server(lambda: Link(self._unix), sock=sock, backlog=BACKLOG)
        )

    def close(self) -> None:
        """Listen no more, take the unix socket away if it is still ours, and end all with whom nobody talks yet.

        What the system had already accepted arrives later, and is dropped then.
        """
        for server in self._servers:
            server.close()
        self._servers.clear()
        if self._socket is not None:
            path, inode = self._socket
            if path.exists() and path.stat().st_ino == inode:
                path.unlink()
            self._socket = None
        for link in tuple(self._strangers):
            link.close("stopping")

    async def _listen(self, arrive: Callable[[Link], None], host: str, port: int) -> int:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: Link(arrive),
            host,
            port,
            backlog=BACKLOG,
            reuse_address=True,
            reuse_port=self._shares_ports,
        )
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    def _net(self, link: Link) -> None:
        host, port = link.remote
        if self._admit(link, host):
            self._meet(link, host, f"net:{host}:{port}", "net")

    def _ws(self, link: Link, *, http: bool) -> None:
        host, port = link.remote
        if self._admit(link, host):
            self._upgrade(link, host, port, http=http)

    def _wss(self, link: Link, *, http: bool) -> None:
        host, port = link.remote
        self._settle_in(link, host)
        self._upgrade(link, host, port, http=http)

    def _not_secured(self, host: str) -> None:
        self.admission.settle(host)
        self.admission.depart(host)
        self._exchange.count("tls: no handshake")

    def _upgrade(self, link: Link, host: str, port: int, *, http: bool) -> None:
        machine = Accepting()

        def opened() -> None:
            if machine.request is not None:
                self.admission.settle(host)
                self._web.serve(link, machine.request, host, open_=http)
            else:
                self._meet(link, host, f"ws:{host}:{port}", "ws")

        def failed(reason: str) -> None:
            self.admission.settle(host)
            self._exchange.count(reason)

        Opening(link, machine, opened=opened, failed=failed)

    def _admit(self, link: Link, host: str) -> bool:
        """Whether there is room for a fresh socket; its handshake is to be settled."""
        if not self._servers:
            link.abort()
            return False
        if not self._enter(host):
            link.close("refused")
            link.abort()
            return False
        self._settle_in(link, host)
        return True

    def _enter(self, host: str) -> bool:
        reason = self.admission.arrive(host, len(self._exchange.connections))
        if reason is not None:
            self._exchange.count(reason)
        return reason is None

    def _settle_in(self, link: Link, host: str) -> None:
        def gone(_: object) -> None:
            self._strangers.discard(link)
            self.admission.depart(host)

        self._strangers.add(link)
        link.gone.add_done_callback(gone)
        link.hurry(self._limit)

    def _meet(self, link: Link, host: str, where: str, transport: str) -> None:
        def settled() -> None:
            self._strangers.discard(link)
            self.admission.settle(host)

        self._meeting.receive(link, where, transport, settled)

    def _unix(self, link: Link) -> None:
        if not self._servers:
            link.abort()
            return
        path = self._socket[0] if self._socket else ""
        self._meeting.receive_local(link, f"unix:{path}~noauth")


def _bind(path: Path) -> tuple[socket.socket, int]:
    """A socket of mode 0600 at a path, in place of one that is dead, and its inode."""
    if path.exists() and stat.S_ISSOCK(path.stat().st_mode):
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(path))
            except ConnectionRefusedError:
                path.unlink()
            else:
                raise SocketTakenError(f"another server answers on {path}")
    sock = socket.socket(socket.AF_UNIX)
    mask = os.umask(0o177)
    try:
        sock.bind(str(path))
    except OSError:
        sock.close()
        raise
    finally:
        os.umask(mask)
    sock.setblocking(False)
    return sock, path.stat().st_ino
