"""The box stream: one direction of a connection, encrypted and authenticated piece by piece.

Knows one key and one nonce that counts up. Must never know what the bytes mean, and never lets out a byte
that was not authenticated. Called by `services.network` behind the handshake, as `pull-box-stream` 1.0.13
behaves: a header box (34 bytes: length and tag of the body), then the body; a header of zeros is the goodbye.
"""

from typing import Literal

from common.crypto import sodium
from common.wire.pieces import Pieces

__all__ = ["MAX_BODY_BYTES", "End", "Opener", "Sealer"]

# What a sender puts into one body at most; a reader takes what the 16-bit length allows.
MAX_BODY_BYTES = 4096
_HEADER = 34
_TAG = 16
_GOODBYE = bytes(18)
_NONCE_SPACE = 1 << 192

End = Literal["ok", "hangup", "invalid header", "invalid packet"]


class Sealer:
    """The sending side: key of 32 bytes, first nonce of 24."""

    def __init__(self, key: bytes, nonce: bytes) -> None:
        self._key = key
        self._nonce = int.from_bytes(nonce)

    def seal(self, data: bytes) -> bytes:
        """What must go over the wire for `data` (any length; nothing for nothing)."""
        out = []
        key = self._key
        nonce = self._nonce
        for start in range(0, len(data), MAX_BODY_BYTES):
            body = data[start : start + MAX_BODY_BYTES]
            following = (nonce + 1) % _NONCE_SPACE
            boxed = sodium.box_seal(body, following.to_bytes(24), key)
            header = len(body).to_bytes(2) + boxed[:_TAG]
            out.append(sodium.box_seal(header, nonce.to_bytes(24), key))
            out.append(boxed[_TAG:])
            nonce = (nonce + 2) % _NONCE_SPACE
        self._nonce = nonce
        return b"".join(out)

    def goodbye(self) -> bytes:
        """The last 34 bytes of this direction."""
        return sodium.box_seal(_GOODBYE, self._nonce.to_bytes(24), self._key)


class Opener:
    """The receiving side: key of 32 bytes, first nonce of 24.

    `end` is None while the stream runs, and then says how it ended: "ok" (the peer's goodbye), "hangup" (it
    left without one), "invalid header" or "invalid packet" (somebody changed the bytes).
    """

    def __init__(self, key: bytes, nonce: bytes) -> None:
        self._key = key
        self._nonce = int.from_bytes(nonce)
        self._pieces = Pieces()
        # Length and tag of the body that is awaited; the tag is empty while a header is.
        self._length = 0
        self._tag = b""
        self.end: End | None = None

    def feed(self, data: bytes) -> list[bytes]:
        """The bodies that these bytes complete, in order; what comes behind the end is dropped."""
        bodies: list[bytes] = []
        if self.end is not None or (joined := self._pieces.join(data)) is None:
            return bodies
        at = 0
        while self.end is None:
            wanted = self._length if self._tag else _HEADER
            if len(joined) - at < wanted:
                self._pieces.keep(joined[at:], wanted)
                break
            unit = joined[at : at + wanted]
            at += wanted
            if not self._tag:
                self._open_header(unit)
            elif body := self._open_body(unit):
                bodies.append(body)
        return bodies

    @property
    def held(self) -> int:
        """Bytes of a box that is not complete."""
        return len(self._pieces)

    def receive_eof(self) -> None:
        """Take the end of the bytes: without a goodbye before it, it is a hang-up."""
        if self.end is None:
            self.end = "hangup"

    def _open_header(self, unit: bytes) -> None:
        header = sodium.box_open(unit, self._nonce.to_bytes(24), self._key)
        if header is None:
            self.end = "invalid header"
        elif header == _GOODBYE:
            self.end = "ok"
        else:
            self._length = int.from_bytes(header[:2])
            self._tag = header[2:]

    def _open_body(self, unit: bytes) -> bytes:
        """The plaintext, or nothing where there is none or it is damaged."""
        nonce = (self._nonce + 1) % _NONCE_SPACE
        body = sodium.box_open(self._tag + unit, nonce.to_bytes(24), self._key)
        if body is None:
            self.end = "invalid packet"
            return b""
        self._nonce = (nonce + 1) % _NONCE_SPACE
        self._tag = b""
        return body
