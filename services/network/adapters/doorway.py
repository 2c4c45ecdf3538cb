"""The sockets on which we listen: TCP with the secret handshake, and the unix socket without.

Knows how to bind them and what a fresh socket goes through. Must never know what is said later.
"""

import asyncio
import os
import socket
import stat
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

from common.crypto.keys import Keys
from common.refs import FeedId, feed_id
from common.wire.handshake import Outcome, Server
from services.network.adapters.exchange import Exchange
from services.network.adapters.gate import BLOCKED, Gate
from services.network.adapters.handshaking import HANDSHAKE_SECONDS, Answer, Handshaking
from services.network.adapters.link import Link
from services.network.channel import Boxed, Plain
from services.network.limits import Guard
from services.network.model import Admission
from services.network.permission import MASTER

__all__ = ["Doorway", "SocketTakenError"]

BACKLOG = 512
"""Connections the system holds ready for us; what is over it tries again."""


class SocketTakenError(OSError):
    """A living server answers on the unix socket of our folder."""


class Doorway:
    """Lets connections in. `seed` makes 32 random bytes, new for each handshake.

    `shares_ports` tells that other workers listen on the same ports: the system spreads connections over all.
    """

    def __init__(
        self,
        *,
        keys: Keys,
        app_key: bytes,
        exchange: Exchange,
        gate: Gate,
        guard: Guard,
        admission: Admission,
        connections_per_key: int,
        shares_ports: bool = False,
        seed: Callable[[], bytes],
        handshake_seconds: float = HANDSHAKE_SECONDS,
    ) -> None:
        self.admission = admission
        self._guard = guard
        self._connections_per_key = connections_per_key
        self._shares_ports = shares_ports
        self._keys = keys
        self._app_key = app_key
        self._exchange = exchange
        self._gate = gate
        self._seed = seed
        self._limit = handshake_seconds
        self._servers: list[asyncio.AbstractServer] = []
        self._socket: tuple[Path, int] | None = None

    async def listen_net(self, host: str, port: int) -> int:
        """Listen on TCP; answers the port, which the system chose when 0 was asked for.

        Raises:
            OSError: the address is taken or not ours.
        """
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: Link(self._net),
            host,
            port,
            backlog=BACKLOG,
            reuse_address=True,
            reuse_port=self._shares_ports,
        )
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

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
        """Listen no more, and take the unix socket away if it is still ours.

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

    def _net(self, link: Link) -> None:
        if not self._servers:
            link.abort()
            return
        host, port = link.remote
        reason = self.admission.arrive(host, len(self._exchange.connections))
        if reason is not None:
            self._exchange.count(reason)
            link.close(reason)
            link.abort()
            return
        link.gone.add_done_callback(lambda _: self.admission.depart(host))

        def agreed(outcome: Outcome, leftover: bytes) -> None:
            self.admission.settle(host)
            self._welcome(link, outcome, leftover, f"net:{host}:{port}")

        def failed(reason: str) -> None:
            self.admission.settle(host)
            self._exchange.count(reason)

        Handshaking(
            link,
            Server(self._app_key, self._keys.public, self._keys.secret, self._seed()),
            ask=self._ask,
            agreed=agreed,
            failed=failed,
            limit=self._limit,
        )

    def _ask(self, feed: FeedId, answer: Answer) -> None:
        reason = self._refusal(feed)
        if reason is None:
            self._gate.ask(feed, "net", answer)
        else:
            answer(reason)

    def _refusal(self, feed: FeedId) -> str | None:
        """Why a key is not let in however it behaves; those with full rights always are."""
        if self._gate.role(feed, "net", dialled=False) == MASTER:
            return None
        reason = self._guard.refused_keys.reason(feed, asyncio.get_running_loop().time())
        if reason is None and self._exchange.connections.count(feed) >= self._connections_per_key:
            return "too many connections of one key"
        return reason

    def _welcome(self, link: Link, outcome: Outcome, leftover: bytes, where: str) -> None:
        feed = feed_id(outcome.remote)
        role = self._gate.role(feed, "net", dialled=False)
        reason = BLOCKED if role is None else self._refusal(feed)
        if role is None or reason is not None:
            self._exchange.count(reason or BLOCKED)
            link.close(reason or BLOCKED)
            return
        address = f"{where}~shs:{b64encode(outcome.remote).decode()}"
        talk = self._exchange.open(
            link,
            Boxed(outcome),
            feed=feed,
            address=address,
            dialled=False,
            role=role,
            transport="net",
        )
        if leftover:
            talk.received(leftover)

    def _unix(self, link: Link) -> None:
        if not self._servers:
            link.abort()
            return
        path = self._socket[0] if self._socket else ""
        self._exchange.open(
            link,
            Plain(),
            feed=self._keys.id,
            address=f"unix:{path}~noauth",
            dialled=False,
            role=MASTER,
            transport="unix",
        )


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
