"""A client that does next to nothing with what it reads, so that the server is what is measured.

    python -m benchmarks.lean '{"port" or "socket", "server", "shs", "secret", "name", "each"}'

A process of its own: calls a source once for each list of arguments in `each`, all at once, counts packets
and bytes until each has ended, and prints {"items", "bytes", "seconds"}. Over net it opens the boxes, as any
client must; over the unix socket there are none. It reads headers of packets and nothing else.
"""

import json
import os
import socket
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from common.crypto import secret_file
from common.wire import packets
from common.wire.boxstream import Opener, Sealer
from common.wire.handshake import Client

READ_BYTES = 1 << 18
HEADER = struct.Struct(">BIi")

Read = Callable[[], list[bytes]]
Write = Callable[[bytes], None]


class Counter:
    """Counts items of streams that were called with numbers from 1 on."""

    def __init__(self, n_calls: int) -> None:
        self.open = n_calls
        self.items = 0
        self._rest = b""
        self._skip = 0

    def feed(self, data: bytes) -> list[tuple[int, int]]:
        """Takes bytes; gives flags and number of what wants an answer: ends of ours, calls of the server."""
        data, at = self._rest + data, self._skip
        asking: list[tuple[int, int]] = []
        unpack = HEADER.unpack_from
        size = len(data)
        while size - at >= HEADER.size:
            flags, length, number = unpack(data, at)
            at += HEADER.size + length
            if number > 0:
                if not flags & packets.END:
                    asking.append((flags, number))
            elif flags & packets.END:
                self.open -= 1
                asking.append((flags, number))
            else:
                self.items += 1
        self._rest = data[at:]
        self._skip = max(0, at - size)
        return asking


def connect_net(port: int, server: bytes, shs: bytes, secret: Path) -> tuple[Read, Write]:
    """A connection with the server's own key through the secret handshake."""
    keys = secret_file.parse(secret.read_bytes())
    sock = socket.create_connection(("127.0.0.1", port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    machine = Client(shs, keys.public, keys.secret, server, os.urandom(32))
    while machine.outcome is None:
        sock.sendall(machine.data_to_send())
        machine.receive_data(_received(sock))
    outcome = machine.outcome
    sealer = Sealer(outcome.encrypt_key, outcome.encrypt_nonce)
    opener = Opener(outcome.decrypt_key, outcome.decrypt_nonce)
    early = [machine.leftover]

    def read() -> list[bytes]:
        return opener.feed(early.pop() if early else _received(sock))

    return read, lambda data: sock.sendall(sealer.seal(data))


def connect_unix(path: str) -> tuple[Read, Write]:
    """A connection without boxes."""
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(path)
    return lambda: [_received(sock)], sock.sendall


def _received(sock: socket.socket) -> bytes:
    data = sock.recv(READ_BYTES)
    if not data:
        raise ConnectionError("the server hung up")
    return data


def read_all(read: Read, write: Write, name: list[str], each: list[list[Any]]) -> dict[str, float]:
    """Calls, and reads until all calls have ended."""
    counter, size, started = Counter(len(each)), 0, time.monotonic()
    for number, args in enumerate(each, 1):
        body = json.dumps({"name": name, "args": args, "type": "source"}).encode()
        write(packets.encode(packets.JSON | packets.STREAM, number, body))
    while counter.open:
        for data in read():
            size += len(data)
            for flags, number in counter.feed(data):
                kind = packets.JSON | packets.END | flags & packets.STREAM
                write(packets.encode(kind, -number, b"true"))
    return {"items": counter.items, "bytes": size, "seconds": time.monotonic() - started}


def main() -> None:
    order = json.loads(sys.argv[1])
    if "socket" in order:
        read, write = connect_unix(order["socket"])
    else:
        server, shs = (bytes.fromhex(order[name]) for name in ("server", "shs"))
        read, write = connect_net(order["port"], server, shs, Path(order["secret"]))
    print(json.dumps(read_all(read, write, order["name"], order["each"])))


if __name__ == "__main__":
    main()
