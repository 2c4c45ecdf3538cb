"""What servers call out on a local network to find each other: two forms of one address.

Knows ssb-local's form, the address as it is, and ssb-lan's, boxed with the network key and signed; and how large a
call may be. Must never know sockets. Pure: keys are arguments.
"""

from typing import Any, Final, NamedTuple

from common.crypto.keys import Keys, sign_bytes, verify_bytes
from common.crypto.sodium import box_open, box_seal
from common.feed import json
from common.refs import FeedId, raw
from services.peers.model.entry import whose

__all__ = ["MAX_CALL", "Discovery", "boxed", "plain", "read_boxed", "read_plain"]

MAX_CALL: Final = 1_400
"""Bytes of one call: what an Ethernet carries in one piece. An address has some hundred."""
SIGNATURE: Final = 64
NONCE: Final = 24
"""ssb-keys' secretBox takes the first bytes of the key as nonce; calls of one server are all alike anyway."""


class Discovery(NamedTuple):
    """An address that was called out, whose it is, and whether the call was signed by that key."""

    address: str
    key: FeedId
    verified: bool


def plain(address: str) -> bytes:
    """The call of ssb-local."""
    return address.encode()


def boxed(address: str, keys: Keys, network_key: bytes) -> bytes:
    """The call of ssb-lan: secretbox of `{"address"}`, then the signature of the same object."""
    text = json.compact_utf8({"address": address})
    return box_seal(text, network_key[:NONCE], network_key) + sign_bytes(keys, _signed(address))


def read_plain(data: bytes) -> Discovery | None:
    """Who calls in ssb-local's form; None for anything else."""
    if len(data) > MAX_CALL:
        return None
    try:
        address = data.decode()
    except UnicodeDecodeError:
        return None
    key = whose(address, {})
    return None if key is None else Discovery(address, key, verified=False)


def read_boxed(data: bytes, network_key: bytes) -> Discovery | None:
    """Who calls in ssb-lan's form on our network; None for anything else."""
    if not SIGNATURE < len(data) <= MAX_CALL:
        return None
    text = box_open(data[:-SIGNATURE], network_key[:NONCE], network_key)
    address = None if text is None else _address(text)
    key = None if address is None else whose(address, {})
    if address is None or key is None:
        return None
    verified = verify_bytes(raw(key), data[-SIGNATURE:], _signed(address))
    return Discovery(address, key, verified=verified)


def _signed(address: str) -> bytes:
    return json.encode({"address": address}).encode()


def _address(text: bytes) -> str | None:
    try:
        found: Any = json.parse(text)
    except ValueError:
        return None
    address = found.get("address") if isinstance(found, dict) else None
    return address if isinstance(address, str) else None
