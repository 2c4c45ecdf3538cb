"""A line to a running server: its unix socket, or TCP with the secret handshake under our own key.

Knows addresses, the handshake and the box stream; never what is said. Called by `call`, which waits for
each answer anyway: these are blocking sockets.
"""

import os
import socket
from pathlib import Path
from typing import Protocol

from common import refs
from common.runtime import secret
from common.runtime.settings import Settings
from common.wire.boxstream import Opener, Sealer
from common.wire.errors import WireError
from common.wire.handshake import Client

READ_SIZE = 1 << 16
PATIENCE = (
    5.0  # seconds for connecting and for each step of the handshake; timers.handshake by default
)


class Unreachable(Exception):  # noqa: N818  a state of the world, no error of ours
    """No server answers; the text says why in detail."""


class Line(Protocol):
    """What carries the bytes of a session both ways."""

    def send(self, data: bytes) -> None:
        """Send all of it."""

    def receive(self) -> bytes:
        """Wait for bytes; none at the end."""

    def close(self) -> None:
        """Hang up."""


class PlainLine:
    """A unix socket: whoever may open it is the owner."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected

    def send(self, data: bytes) -> None:
        """Send all of it."""
        self._socket.sendall(data)

    def receive(self) -> bytes:
        """Wait for bytes; none at the end."""
        return self._socket.recv(READ_SIZE)

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


class SecretLine:
    """TCP, behind a handshake and in a box stream."""

    def __init__(self, connected: socket.socket, client: Client) -> None:
        self._socket = connected
        while client.outcome is None:
            connected.sendall(client.data_to_send())
            data = connected.recv(READ_SIZE)
            client.receive_data(data) if data else client.receive_eof()
        outcome = client.outcome
        self._sealer = Sealer(outcome.encrypt_key, outcome.encrypt_nonce)
        self._opener = Opener(outcome.decrypt_key, outcome.decrypt_nonce)
        self._early = self._opener.feed(client.leftover)

    def send(self, data: bytes) -> None:
        """Send all of it."""
        self._socket.sendall(self._sealer.seal(data))

    def receive(self) -> bytes:
        """Wait for bytes; none at the end."""
        pieces, self._early = self._early, []
        while not pieces and self._opener.end is None:
            data = self._socket.recv(READ_SIZE)
            if not data:
                return b""
            pieces = self._opener.feed(data)
        return b"".join(pieces)

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


def connect(settings: Settings) -> Line:
    """Reach the server of these settings: by its unix socket, else by host and port.

    Raises:
        Unreachable: there is none.
        StartError: our secret is damaged.
    """
    if "key" not in settings.document and (near := _unix(settings.path / "socket")):
        return PlainLine(near)
    if not settings.secret_path.exists():
        raise Unreachable(f"{settings.secret_path}: there is no such file")
    keys = secret.load(settings.secret_path)
    server = str(settings.document.get("key", keys.id))
    if not refs.is_feed(server):
        raise Unreachable(f"setting key: {server} is no feed id")
    seed = os.urandom(32)
    client = Client(settings.caps_shs, keys.public, keys.secret, refs.raw(server), seed)
    try:
        far = socket.create_connection((settings.host or "localhost", settings.port), PATIENCE)
    except OSError as error:
        raise Unreachable(str(error)) from error
    try:
        line = SecretLine(far, client)
    except (OSError, WireError) as error:
        far.close()
        raise Unreachable(str(error)) from error
    far.settimeout(None)
    return line


def _unix(path: Path) -> socket.socket | None:
    """Open a unix socket, by its folder where the path is too long for the kernel; None where nobody answers."""
    one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        folder = os.open(path.parent, os.O_PATH)
        try:
            one.connect(f"/proc/self/fd/{folder}/{path.name}")
        finally:
            os.close(folder)
    except OSError:
        one.close()
        return None
    return one
