"""Strangers with a key of their own each, who knock at a server of 127.0.0.1 all at once.

    python -m benchmarks.strangers '{"port", "server", "shs", "count", "stay"}'

A process of its own. Without `stay` each leaves when the secret handshake is done; it prints {"seconds"}. With it all
stay, answer whatever the server calls with an error (a silent one is hung up on), and it prints {"seconds"} when
all are in, {"left": how many are connected still} for each line of standard input, and ends with that.
"""

import asyncio
import json
import os
import sys
import time
from typing import Any

from common.crypto import sodium
from common.wire.boxstream import Opener, Sealer
from common.wire.events import Request
from common.wire.handshake import Client
from common.wire.session import Session

AT_ONCE = 50
READ_BYTES = 1 << 14


class Stranger(asyncio.Protocol):
    """One of them."""

    def __init__(self, keys: tuple[bytes, bytes], server: bytes, shs: bytes) -> None:
        self._machine = Client(shs, *keys, server, os.urandom(32))
        self._session = Session()
        self.agreed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.connected = False

    def itself(self) -> "Stranger":
        """The protocol of its connection."""
        return self

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self._machine.data_to_send())

    def data_received(self, data: bytes) -> None:
        if self.connected:
            self._answer(data)
            return
        self._machine.receive_data(data)
        self.transport.write(self._machine.data_to_send())
        if (outcome := self._machine.outcome) is not None:
            self._sealer = Sealer(outcome.encrypt_key, outcome.encrypt_nonce)
            self._opener = Opener(outcome.decrypt_key, outcome.decrypt_nonce)
            self.connected = True
            self.agreed.set_result(None)
            self._answer(self._machine.leftover)

    def connection_lost(self, exc: Exception | None) -> None:
        self.connected = False
        if not self.agreed.done():
            self.agreed.set_exception(exc or ConnectionError("hung up during the handshake"))

    def _answer(self, data: bytes) -> None:
        for plain in self._opener.feed(data):
            for event in self._session.receive_data(plain):
                if isinstance(event, Request):
                    self._session.fail(event.call, "a stranger serves nothing")
        if answer := self._session.data_to_send():
            self.transport.write(self._sealer.seal(answer))


async def knock(order: dict[str, Any]) -> tuple[list[Stranger], float]:
    """All of them in, or gone again unless they stay; the seconds it took."""
    loop = asyncio.get_running_loop()
    server, shs = (bytes.fromhex(order[name]) for name in ("server", "shs"))
    waiting = [Stranger(sodium.keypair(os.urandom(32)), server, shs) for _ in range(order["count"])]
    inside: list[Stranger] = []

    async def one_after_the_other() -> None:
        while waiting:
            stranger = waiting.pop()
            await loop.create_connection(stranger.itself, "127.0.0.1", order["port"])
            await stranger.agreed
            if order["stay"]:
                inside.append(stranger)
            else:
                stranger.transport.abort()

    started = time.monotonic()
    await asyncio.gather(*(one_after_the_other() for _ in range(AT_ONCE)))
    return inside, time.monotonic() - started


async def main() -> None:
    order = json.loads(sys.argv[1])
    inside, seconds = await knock(order)
    print(json.dumps({"seconds": seconds}), flush=True)
    if order["stay"]:
        while await asyncio.to_thread(sys.stdin.readline):
            print(json.dumps({"left": sum(s.connected for s in inside)}), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
