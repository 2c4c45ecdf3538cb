"""What callers may give as an address of a peer: a text of either form, or an object, as ssb-gossip takes it.

Knows ssb-ref's forms. Must never know whether anybody is there.
"""

from collections.abc import Mapping
from typing import NamedTuple

from common.refs import FeedId, is_feed
from common.refs.hosts import number
from common.refs.legacy import LegacyAddress, is_address_object, parse_address
from common.refs.multiserver import is_multiserver
from common.refs.targets import targets

__all__ = ["Found", "read"]


class Found(NamedTuple):
    """Who, and where: `address` is what gets dialled."""

    key: FeedId
    address: str
    host: str
    port: int


def read(value: object) -> Found | None:
    """Who is meant by `net:HOST:PORT~shs:KEY`, `HOST:PORT:@KEY`, `{address}` or `{host, port, key}`; or None."""
    if isinstance(value, Mapping):
        inner = value.get("address")
        if isinstance(inner, str) and is_multiserver(inner):
            return read(inner)
        if not is_address_object(value):
            return None
        port = value["port"]
        port = number(port) if isinstance(port, str) else float(port)
        return _found(LegacyAddress(str(value["host"]), port, str(value["key"])), None)
    if not isinstance(value, str):
        return None
    found = _found(parse_address(value), value if is_multiserver(value) else None)
    ways = targets(value)
    if found is None and ways:  # what ssb-ref does not know: `[::1]`, `ws:HOST:PORT`
        return Found(ways[0].key, value, ways[0].host, ways[0].port)
    return found


def _found(address: LegacyAddress | None, text: str | None) -> Found | None:
    if address is None or not address.host or not address.is_valid or not is_feed(address.key):
        return None
    return Found(
        FeedId(address.key), text or address.multiserver(), address.host, int(address.port)
    )
