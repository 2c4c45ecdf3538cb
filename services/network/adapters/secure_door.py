"""A listening socket behind TLS: a stranger is counted before its handshake costs anything.

Knows sockets and certificates. Must never know what is said in the stream. Made by the doorway for an entry of
`connections.incoming.ws` with a key and a certificate.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable, Coroutine

from services.network.adapters.link import CLOSE_SECONDS, Link

__all__ = ["SecureDoor"]

PAUSE_SECONDS = 1.0
"""When the system has no more descriptors for us."""


class SecureDoor:
    """Accepts, until it is closed. A handshake has `seconds`.

    `enter` is asked with the host whether a socket may stay; then `arrived` gets the link, or `failed` is told the
    host.
    """

    def __init__(
        self,
        context: ssl.SSLContext,
        seconds: float,
        *,
        enter: Callable[[str], bool],
        arrived: Callable[[Link], None],
        failed: Callable[[str], None],
    ) -> None:
        self._context = context
        self._seconds = seconds
        self._enter = enter
        self._arrived = arrived
        self._failed = failed
        self._socket: socket.socket | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def listen(self, host: str, port: int, backlog: int, *, shares_port: bool) -> int:
        """Begin to accept; answers the port.

        Raises:
            OSError: the address is taken or not ours.
        """
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        sock = socket.create_server(
            (host, port), family=family, backlog=backlog, reuse_port=shares_port
        )
        sock.setblocking(False)
        self._socket = sock
        self._spawn(self._accept(sock))
        return int(sock.getsockname()[1])

    def close(self) -> None:
        """Accept no more, and give up handshakes under way."""
        for task in tuple(self._tasks):
            task.cancel()
        if self._socket is not None:
            self._socket.close()

    async def _accept(self, sock: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                arrival, name = await loop.sock_accept(sock)
            except OSError:
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            host = str(name[0])
            if self._enter(host):
                self._spawn(self._secure(arrival, host))
            else:
                arrival.close()

    async def _secure(self, arrival: socket.socket, host: str) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: Link(self._arrived),
                arrival,
                ssl=self._context,
                ssl_handshake_timeout=self._seconds,
                ssl_shutdown_timeout=CLOSE_SECONDS,
            )
        except OSError:
            arrival.close()
            self._failed(host)

    def _spawn(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
