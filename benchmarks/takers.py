"""Peers with a key of their own each, who all want everything over EBT from one server of 127.0.0.1.

    python -m benchmarks.takers '{"port", "server", "shs", "count", "lazy", "wanted", "limit"}'

A process of its own. `wanted` is a file: {feed: [messages, SHA-256 of their JSON one behind the other]}. The
`lazy` first ones read nothing after the first messages until all others are done, or half of `limit`
seconds are over. It prints {"served": how many got everything, "seconds"} when all have or `limit` is over,
and stays connected until its standard input ends. What comes in a wrong order or twice counts as not served.
"""

import asyncio
import hashlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import orjson

from common.crypto import sodium
from common.wire.boxstream import Opener, Sealer
from common.wire.events import Closed, Ended, Items, Request
from common.wire.handshake import Client
from common.wire.session import Session
from services.replication.items import read_message

AT_ONCE = 20
POLL_S = 0.1

Wanted = dict[str, tuple[int, str]]


class Taker(asyncio.Protocol):
    """One of them."""

    def __init__(self, server: bytes, shs: bytes, wanted: Wanted, *, lazy: bool) -> None:
        public, secret = sodium.keypair(os.urandom(32))
        self._machine = Client(shs, public, secret, server, os.urandom(32))
        self._session = Session()
        self._opener: Opener | None = None
        self._wanted = wanted
        self._has = dict.fromkeys(wanted, 0)
        self._digests = {feed: hashlib.sha256() for feed in wanted}
        self._left = sum(count for count, _ in wanted.values())
        self.lazy = lazy
        self.trouble = ""
        self.agreed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def itself(self) -> "Taker":
        """The protocol of its connection."""
        return self

    @property
    def done(self) -> bool:
        """Whether everything came, in order and as it was signed."""
        return not self._left and all(
            digest.hexdigest() == self._wanted[feed][1] for feed, digest in self._digests.items()
        )

    @property
    def quiet(self) -> bool:
        """Whether nothing more is to come."""
        return not self._left or bool(self.trouble)

    def ask(self) -> None:
        """Wants everything from now on."""
        options = [{"version": 3, "format": "classic"}]
        number = self._session.call("duplex", ["ebt", "replicate"], orjson.dumps(options))
        notes = dict.fromkeys(self._wanted, 0)
        self._session.send(number, [orjson.dumps(notes)])
        self._flush()

    def wake(self) -> None:
        """Reads on, if it had stopped."""
        self.lazy = False
        self.transport.resume_reading()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self._machine.data_to_send())

    def data_received(self, data: bytes) -> None:
        if self._opener is None:
            self._machine.receive_data(data)
            self.transport.write(self._machine.data_to_send())
            if (outcome := self._machine.outcome) is None:
                return
            self._sealer = Sealer(outcome.encrypt_key, outcome.encrypt_nonce)
            self._opener = Opener(outcome.decrypt_key, outcome.decrypt_nonce)
            self.agreed.set_result(None)
            data = self._machine.leftover
        for plain in self._opener.feed(data):
            for event in self._session.receive_data(plain):
                self._take(event)
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        self.trouble = self.trouble or f"hung up: {exc}"
        if not self.agreed.done():
            self.agreed.set_exception(ConnectionError(self.trouble))

    def _flush(self) -> None:
        if answer := self._session.data_to_send():
            self.transport.write(self._sealer.seal(answer))

    def _take(self, event: object) -> None:
        if isinstance(event, Items):
            for body in event.bodies:
                self._count(body)
        elif isinstance(event, Request):
            self._session.fail(event.call, "a taker serves nothing")
        elif isinstance(event, Ended | Closed):
            self.trouble = self.trouble or str(event)

    def _count(self, body: bytes) -> None:
        message = read_message(body)
        if message is None:
            return
        feed = message.author
        self._has[feed] += 1
        if self._has[feed] != message.sequence:
            self.trouble = f"{message.sequence} of {feed} in place of {self._has[feed]}"
        self._digests[feed].update(body)
        self._left -= 1
        if self.lazy:
            self.transport.pause_reading()


async def take(order: dict[str, Any]) -> tuple[list[Taker], float]:
    """All of them in and served, or the time over; the seconds it took."""
    server, shs = (bytes.fromhex(order[name]) for name in ("server", "shs"))
    told = json.loads(Path(order["wanted"]).read_text())
    wanted: Wanted = {feed: (count, digest) for feed, (count, digest) in told.items()}
    lazy = order["lazy"]
    takers = [Taker(server, shs, wanted, lazy=n < lazy) for n in range(order["count"])]
    waiting = list(takers)

    async def one_after_the_other() -> None:
        while waiting:
            taker = waiting.pop()
            loop = asyncio.get_running_loop()
            await loop.create_connection(taker.itself, "127.0.0.1", order["port"])
            await taker.agreed

    started = time.monotonic()
    await asyncio.gather(*(one_after_the_other() for _ in range(AT_ONCE)))
    for taker in takers:
        taker.ask()
    await _quiet(takers[lazy:], started + order["limit"] / 2)
    for taker in takers[:lazy]:
        taker.wake()
    await _quiet(takers, started + order["limit"])
    return takers, time.monotonic() - started


async def _quiet(takers: list[Taker], deadline: float) -> None:
    while time.monotonic() < deadline and not all(taker.quiet for taker in takers):
        await asyncio.sleep(POLL_S)


async def main() -> None:
    takers, seconds = await take(json.loads(sys.argv[1]))
    served = sum(taker.done for taker in takers)
    trouble = sorted({taker.trouble for taker in takers if taker.trouble})
    print(json.dumps({"served": served, "seconds": seconds, "trouble": trouble}), flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
