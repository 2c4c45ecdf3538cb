"""CURVE on the sockets of a bus over tcp, and the door: which client keys may come in (ZAP, RFC 27).

Knows the options of ZeroMQ's security and the frames of ZAP; must never know messages. The door is a
REP socket at the one address where libzmq asks, drained from the loop as every socket here. Without a
door nobody comes in: the domain is enforced. `Node.start` opens it before a service binds.
"""

import zmq
from zmq.utils import z85

from common.bus.keyring import Keyring
from common.bus.socket import Mailbox, Socket

ZAP = "inproc://zeromq.zap.01"
DOMAIN = b"bus"
WELCOME, REFUSED = (b"200", b"OK"), (b"400", b"this key may not call here")


def guard(socket: Socket, keyring: Keyring) -> None:
    """Make a socket that is to be bound speak with known keys only."""
    socket.curve_server = 1
    socket.curve_secretkey = keyring.secret
    socket.curve_publickey = keyring.public
    socket.zap_domain = DOMAIN
    socket.setsockopt(zmq.ZAP_ENFORCE_DOMAIN, 1)


def introduce(socket: Socket, keyring: Keyring, service: str) -> None:
    """Make a socket that is to be connected show our key, and talk to that service only.

    Raises:
        KeysError: the service's public key is not in the folder.
    """
    socket.curve_serverkey = keyring.public_of(service)
    socket.curve_secretkey = keyring.secret
    socket.curve_publickey = keyring.public


class Door:
    """Answers libzmq's question about each client key."""

    def __init__(self, context: zmq.Context[Socket], keyring: Keyring) -> None:
        """Open the door.

        Raises:
            zmq.ZMQError: the context has one already.
        """
        self._names = {z85.decode(key): name.encode() for name, key in keyring.known.items()}
        socket = context.socket(zmq.REP)
        socket.linger = 0
        try:
            socket.bind(ZAP)
        except zmq.ZMQError:
            socket.close()
            raise
        self._mailbox = Mailbox(socket, self._answer)

    def close(self) -> None:
        """Close the door: nobody comes in any more."""
        self._mailbox.close()

    def _answer(self, frames: list[bytes]) -> None:
        version, request, _domain, _address, _identity, mechanism, *credentials = frames
        name = self._names.get(credentials[0]) if mechanism == b"CURVE" else None
        status, text = REFUSED if name is None else WELCOME
        self._mailbox.send([version, request, status, text, name or b"", b""])
