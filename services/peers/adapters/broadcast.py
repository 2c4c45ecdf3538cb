"""UDP sockets that shout to a local network and hear others shout.

Knows ports and datagrams; must never know what they mean. Called by the LAN adapter.
"""

import asyncio
import logging
import socket
from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["Broadcast", "open_broadcast"]

LOGGER = logging.getLogger("lan")
Heard = Callable[[bytes], None]


class Broadcast(asyncio.DatagramProtocol):
    """One port, shared with whoever else listens there on this machine."""

    def __init__(self, port: int, heard: Heard) -> None:
        self._port = port
        self._heard = heard
        self._transport: asyncio.DatagramTransport | None = None
        self._is_failing = False

    def connection_made(self, transport: Any) -> None:
        """Keep the socket."""
        self._transport = transport

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Hand on what was heard; who said it is told by what it says."""
        del addr
        self._heard(data)

    def error_received(self, exc: Exception) -> None:
        """Say once that nobody hears us, until somebody does again."""
        if not self._is_failing:
            LOGGER.info("a broadcast cannot be sent: %s", exc)
        self._is_failing = True

    def shout(self, data: bytes, destinations: Sequence[str]) -> None:
        """Send to all of these addresses."""
        self._is_failing = self._is_failing and not destinations
        for destination in destinations:
            if self._transport is not None:
                self._transport.sendto(data, (destination, self._port))

    def close(self) -> None:
        """Let go of the port."""
        if self._transport is not None:
            self._transport.close()
            self._transport = None


async def open_broadcast(port: int, heard: Heard) -> Broadcast | None:
    """Listen on a port; None where it cannot be had, which is told."""
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.setblocking(False)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    try:
        opened.bind(("", port))
    except OSError as error:
        opened.close()
        LOGGER.warning("port %d for the local network cannot be had: %s", port, error.strerror)
        return None
    loop = asyncio.get_running_loop()
    _, protocol = await loop.create_datagram_endpoint(lambda: Broadcast(port, heard), sock=opened)
    return protocol
