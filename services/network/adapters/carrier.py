"""A stream to a host and port over whatever transport an address names.

Knows how each is set up: TCP, perhaps through a proxy, and a WebSocket upon it. Must never know who answers: that
is for the handshake upon the stream.
"""

import asyncio
import socket
import ssl
from collections.abc import Sequence
from urllib.parse import unquote, urlsplit

from python_socks import ProxyError, ProxyType
from python_socks.async_.asyncio import Proxy
from websockets.uri import WebSocketURI

from common.bus import PeerError
from common.refs.targets import Target
from common.runtime.errors import SettingsError
from services.network.adapters.link import Link
from services.network.adapters.opening import Opening
from services.network.websocket import Asking

__all__ = ["Carrier"]


class Carrier:
    """Makes links. Hidden hosts are reached through `proxies`, SOCKS5 addresses that are tried in order.

    Raises:
        SettingsError: one is no such address.
    """

    def __init__(self, proxies: Sequence[str] = ()) -> None:
        self._proxies = [_proxy(text) for text in proxies]

    async def reach(self, way: Target) -> Link:
        """A link whose stream stands.

        Raises:
            OSError: nobody answered.
            PeerError: who answered does not speak what the address says.
        """
        secure = ssl.create_default_context() if way.carrier == "wss" else None
        loop = asyncio.get_running_loop()
        if way.is_hidden:
            sock = await self._through_proxy(way)
            name = way.host if secure else None
            _, link = await loop.create_connection(
                _nobodys_link, sock=sock, ssl=secure, server_hostname=name
            )
        else:
            _, link = await loop.create_connection(_nobodys_link, way.host, way.port, ssl=secure)
        if way.carrier in ("ws", "wss"):
            await self._upgrade(link, way)
        return link

    async def _through_proxy(self, way: Target) -> socket.socket:
        """A connection to a hidden host; its name goes to the proxy alone."""
        why = "no proxy is set"
        for host, port, user, password in self._proxies:
            proxy = Proxy(ProxyType.SOCKS5, host, port, user, password, rdns=True)
            try:
                return await proxy.connect(way.host, way.port)
            except (ProxyError, OSError) as error:
                why = f"the proxy at {host}:{port}: {error}"
        raise PeerError(f"could not connect to {way.place}: {why}", "refused")

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


def _nobodys_link() -> Link:
    return Link(lambda _: None)


def _proxy(text: str) -> tuple[str, int, str | None, str | None]:
    try:
        url = urlsplit(text)
        host, port = url.hostname, url.port
    except ValueError:
        host, port = None, None
    if host is None or port is None or url.scheme != "socks5":
        raise SettingsError(f"setting onion.proxies: must be socks5://HOST:PORT, not {text[:60]!r}")
    return host, port, unquote(url.username or "") or None, unquote(url.password or "") or None
