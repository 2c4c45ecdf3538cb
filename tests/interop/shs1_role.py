"""One role of the secret handshake over standard input and output, as npm's shs1-test expects it.

Fails with exit code 1 and without another word as soon as the other side misbehaves.
"""

import os
import sys
from collections.abc import Sequence

from common.crypto import sodium
from common.wire.errors import WireError
from common.wire.handshake import Client, Outcome, Server

_READ_SIZE = 65536


def client(arguments: Sequence[str]) -> Client:
    """Network key and server key, in hex; the client may choose its own keys."""
    app_key, server = map(bytes.fromhex, arguments)
    return Client(app_key, *sodium.keypair(os.urandom(32)), server, os.urandom(32))


def server(arguments: Sequence[str]) -> Server:
    """Network key, secret key and public key, in hex."""
    app_key, secret, public = map(bytes.fromhex, arguments)
    return Server(app_key, public, secret, os.urandom(32))


def play(role: Client | Server) -> None:
    """Play the handshake to its end and write its outcome."""
    try:
        while role.outcome is None:
            os.write(1, role.data_to_send())
            data = os.read(0, _READ_SIZE)
            if not data:
                role.receive_eof()
            role.receive_data(data)
            if isinstance(role, Server) and role.client is not None:
                role.accept()
    except WireError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
    os.write(1, role.data_to_send() + _encode(role.outcome))


def _encode(outcome: Outcome) -> bytes:
    return outcome.encrypt_key + outcome.encrypt_nonce + outcome.decrypt_key + outcome.decrypt_nonce
