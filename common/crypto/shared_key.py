"""Keys that two sides have by a Diffie-Hellman exchange, without a word between them: direct messages, post boxes.

Knows Curve25519 keys (32 bytes) and ids as `common.refs.bfe` writes them; never messages. `common.feed.box2_keys` calls
it. The rules are those of private-group-spec and of ssb-private-group-keys 1.1.2, and where these differ both:
the specification orders the two sides by their bytes, the code by the UTF-16 text that JavaScript reads in them.
One pair of feeds in seven has another key by the one than by the other. What is sealed goes by the code,
which the network runs; what is opened may go by either.
"""

from collections.abc import Callable
from hashlib import sha256
from typing import Final, NamedTuple

from common.crypto import sodium
from common.crypto.envelope import SlotKey, slp
from common.crypto.hkdf import expand, extract

__all__ = ["DIRECT", "PO_BOX", "Exchange", "Side", "shared_keys"]


class Side(NamedTuple):
    """One side as both see it: public key and id, each with its type and format."""

    public: bytes
    id: bytes


class Exchange(NamedTuple):
    """What an exchange is for: it goes into the key, so that none serves two ends."""

    scheme: str
    salt: bytes
    purpose: bytes


DIRECT: Final = Exchange(
    "envelope-id-based-dm-converted-ed25519",
    sha256(b"envelope-dm-v1-extract-salt").digest(),
    b"envelope-ssb-dm-v1/key",
)
PO_BOX: Final = Exchange(
    "envelope-id-based-pobox-curve25519",
    sha256(b"envelope-pobox-v1-extract-salt").digest(),
    b"envelope-ssb-pobox-v1/key",
)


def shared_keys(exchange: Exchange, secret: bytes, mine: Side, theirs: Side) -> list[SlotKey]:
    """The key of the two sides, and a second one where the specification orders them otherwise.

    None at all for a public key of small order, whose secret everybody knows.
    """
    material = sodium.scalarmult(secret, theirs.public[-sodium.KEY_BYTES :])
    if material is None:
        return []
    key = extract(exchange.salt, material)
    sides = [b"".join(mine), b"".join(theirs)]
    infos = [slp([exchange.purpose, *sorted(sides, key=order)]) for order in _ORDERS]
    return [SlotKey(expand(key, info), exchange.scheme) for info in dict.fromkeys(infos)]


def _as_javascript(side: bytes) -> bytes:
    """What `[buffer, buffer].sort()` compares: texts, by their UTF-16 units."""
    return side.decode("utf-8", "replace").encode("utf-16-be")


_ORDERS: Final[tuple[Callable[[bytes], bytes], ...]] = (_as_javascript, bytes)
