"""A stream to a host and port over whatever transport an address names.

Knows how each is set up: TCP, and a WebSocket upon it. Must never know who answers: that is
for the handshake upon the stream.
"""

import asyncio
import ssl

from websockets.uri import WebSocketURI

from common.bus import PeerError
from common.refs.targets import Target
from services.network.adapters.link import Link
from services.network.adapters.opening import Opening
from services.network.websocket import Asking

__all__ = ["Carrier"]


class Carrier:
    """Makes links. `count` is told why one was not made."""

    async def reach(self, way: Target) -> Link:
        """A link whose stream stands.

        Raises:
            OSError: nobody answered.
            PeerError: who answered does not speak what the address says.
        """
        if way.is_hidden:
            raise PeerError(f"no way to {way.place}", "refused")
        link = await self._connect(way)
        if way.carrier in ("ws", "wss"):
            await self._upgrade(link, way)
        return link

    async def _connect(self, way: Target) -> Link:
        secure = ssl.create_default_context() if way.carrier == "wss" else None
        _, link = await asyncio.get_running_loop().create_connection(
            lambda: Link(lambda _: None), way.host, way.port, ssl=secure
        )
        return link

    async def _upgrade(self, link: Link, way: Target) -> None:
        opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        path, _, query = way.path.partition("?")
        machine = Asking(
            WebSocketURI(way.carrier == "wss", way.host, way.port, path, query, None, None)
        )

        def stands() -> None:
            if not opened.done():
                opened.set_result(None)

        def failed(reason: str) -> None:
            if not opened.done():
                opened.set_exception(PeerError(reason, "refused"))

        Opening(link, machine, opened=stands, failed=failed)
        try:
            await opened
        except asyncio.CancelledError:
            link.close("given up")
            raise
