"""A siege of a running server: every fault of the vectors, and mutated recordings of honest sessions.

`python -m tests.support.siege PUBLIC PORT SHS FEED...` besieges (keys in hex) until it is ended.
"""

import asyncio
import contextlib
import json
import os
import random
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, NamedTuple

import orjson

from common.crypto.keys import Keys, generate
from common.feed.create import create
from common.feed.json import Json
from common.feed.validate import Head, Verified, verify_value
from common.wire.boxstream import Sealer
from common.wire.handshake import Client
from tests.support.peer import Peer

VECTORS = Path(__file__).parent.parent / "vectors"
AT_ONCE = 16
LOOK_SECONDS = 0.1
"""How long an attacker looks whether the server hangs up, before it does so itself."""
KEYS = 200
"""Attackers by key: some are refused for a while in the end, most are not."""

Stage = Literal["bare", "broken hello", "boxed", "sealed"]


class Target(NamedTuple):
    """The server under siege."""

    public: bytes
    port: int
    shs: bytes


class Attack(NamedTuple):
    """Bytes, and where in a connection they are sent: at once, behind a good handshake, or in its boxes.

    For a broken hello they are two numbers: the byte of our handshake to change, and by what.
    """

    name: str
    stage: Stage
    data: bytes


class Feed:
    """A feed with messages that its owner signed."""

    def __init__(self, name: str, n: int) -> None:
        self.keys = stranger(name)
        self.messages: list[bytes] = []
        head: Head | None = None
        for i in range(n):
            content: Json = {"type": "post", "text": f"{name} {i} " + "x" * 200}
            made = verify_value(create(head, self.keys, None, content, 1.7e12 + i), None)
            assert isinstance(made, Verified)
            head = Head(made.key, made.sequence)
            self.messages.append(made.compact)


def stranger(name: str) -> Keys:
    """Keys that a name stands for."""
    return generate(sha256(name.encode()).digest())


class Recorder(Peer):
    """A peer that keeps what it said, plainly."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.said: list[bytes] = []

    def flush(self) -> None:
        data = self.session.data_to_send()
        if data:
            self.said.append(data)
            self.writer.write(self.sealer.seal(data))


async def record(target: Target, feeds: Sequence[Feed]) -> list[list[bytes]]:
    """What an honest stranger says: a denied call, a history, and an EBT session with messages of each feed."""
    recordings = []
    for feed in feeds:
        async with Recorder(stranger("recorder"), target.public, target.port, target.shs) as peer:
            denied = peer.call("async", "whoami")
            await asyncio.wait_for(peer.event(denied), 5)
            peer.call("source", "createHistoryStream", {"id": feed.keys.id, "live": True})
            session = peer.call("duplex", "ebt.replicate", {"version": 3, "format": "classic"})
            await asyncio.wait_for(peer.event(session), 5)
            peer.send(session, orjson.dumps({feed.keys.id: len(feed.messages) << 1}))
            await asyncio.sleep(0.1)
            peer.send(session, *feed.messages[:10])
            peer.session.end(session)
            peer.session.goodbye()
            peer.flush()
            recordings.append(peer.said)
    return recordings


def faults() -> Iterator[Attack]:
    """Every handshake, box stream, packet and conversation of the vectors, good ones as well."""
    for case in _cases("shs/generated-faults.json"):
        yield Attack("handshake", "bare", bytes.fromhex("".join(case["received"])))
    for at in range(64 + 112):
        yield Attack("hello", "broken hello", bytes([at, 1 << at % 8]))
    for case in _cases("boxstream/generated-boxstream.json"):
        yield Attack("box stream", "boxed", bytes.fromhex(case["ciphertext_hex"]))
    for case in _cases("packet-stream/generated-packets.json"):
        yield Attack("packets", "sealed", bytes.fromhex(case["hex"]))
    for case in _cases("muxrpc/generated-conversations.json"):
        yield Attack("conversation", "sealed", bytes.fromhex(case["client_bytes_hex"]))


def mutants(recordings: Sequence[list[bytes]], n: int, seed: int) -> Iterator[Attack]:
    """Recordings with one to four changes each."""
    chance = random.Random(seed)
    for _ in range(n):
        chunks = list(chance.choice(recordings))
        for _ in range(chance.randint(1, 4)):
            chance.choice(_CHANGES)(chunks, chance)
        yield Attack("mutant", "sealed", b"".join(chunks))


async def assault(target: Target, attacks: Iterable[Attack]) -> Counter[str]:
    """Carries out attacks, AT_ONCE at a time; counts them by name, and how many were hung up on."""
    found: Counter[str] = Counter()
    waiting = iter(enumerate(attacks))

    async def attacker() -> None:
        for number, attack in waiting:
            keys = stranger(f"attacker {number % KEYS}")
            found[attack.name] += 1
            with contextlib.suppress(OSError, EOFError):
                found["hung up"] += await _carry_out(target, keys, attack)

    await asyncio.gather(*(attacker() for _ in range(AT_ONCE)))
    return found


async def _carry_out(target: Target, keys: Keys, attack: Attack) -> bool:
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
    try:
        if attack.stage == "bare":
            writer.write(attack.data)
        else:
            broken = attack.data if attack.stage == "broken hello" else None
            sealer = await _shake(target, keys, reader, writer, broken)
            if broken is None:
                sealed = attack.stage == "sealed"
                writer.write(sealer.seal(attack.data) if sealed else attack.data)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_SECONDS):
                while await reader.read(1 << 16):
                    pass
                return True
        return False
    finally:
        writer.transport.abort()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def _shake(
    target: Target,
    keys: Keys,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    broken: bytes | None,
) -> Sealer:
    """A handshake; with one byte of it changed when it is to be broken.

    Raises:
        EOFError: the server hung up.
    """
    machine = Client(target.shs, keys.public, keys.secret, target.public, os.urandom(32))
    said = 0
    while machine.outcome is None:
        data = bytearray(machine.data_to_send())
        if broken is not None and said <= broken[0] < said + len(data):
            data[broken[0] - said] ^= broken[1]
        said += len(data)
        writer.write(data)
        heard = await reader.read(1 << 12)
        if not heard:
            raise EOFError
        machine.receive_data(heard)
    outcome = machine.outcome
    return Sealer(outcome.encrypt_key, outcome.encrypt_nonce)


async def lie(target: Target, name: str, feeds: Sequence[Feed]) -> None:
    """Claims more and more of feeds and sends none of it, as long as it is let; ends when the server hangs up."""
    async with Peer(stranger(name), target.public, target.port, target.shs) as peer:
        session = peer.call("duplex", "ebt.replicate", {"version": 3, "format": "classic"})
        claim = 1_000
        while not peer.closed.is_set():
            claim += 1
            peer.send(session, orjson.dumps({feed.keys.id: claim << 1 | 1 for feed in feeds}))
            await peer.writer.drain()
            await asyncio.sleep(0.1)


def _cases(path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((VECTORS / path).read_text())["cases"]
    return found


def _spot(chunks: list[bytes], chance: random.Random) -> tuple[int, int]:
    where = chance.randrange(len(chunks))
    return where, chance.randrange(len(chunks[where]) + 1)


def _flip(chunks: list[bytes], chance: random.Random) -> None:
    where, at = _spot(chunks, chance)
    data = bytearray(chunks[where])
    for place in range(at, min(at + chance.randint(1, 4), len(data))):
        data[place] ^= 1 << chance.randrange(8)
    chunks[where] = bytes(data)


def _insert(chunks: list[bytes], chance: random.Random) -> None:
    where, at = _spot(chunks, chance)
    junk = chance.choice([chance.randbytes(9), bytes(9), b"\xff" * 9, b'{"', b"\x0e"])
    chunks[where] = chunks[where][:at] + junk + chunks[where][at:]


def _cut(chunks: list[bytes], chance: random.Random) -> None:
    where, at = _spot(chunks, chance)
    chunks[where] = chunks[where][:at] + chunks[where][at + chance.randint(1, 200) :]


def _repeat(chunks: list[bytes], chance: random.Random) -> None:
    where = chance.randrange(len(chunks))
    chunks.insert(where, chunks[where] * chance.randint(1, 50))


def _swap(chunks: list[bytes], chance: random.Random) -> None:
    one, two = chance.randrange(len(chunks)), chance.randrange(len(chunks))
    chunks[one], chunks[two] = chunks[two], chunks[one]


def _retype(chunks: list[bytes], chance: random.Random) -> None:
    """Another flag, length or number in the first header of a chunk."""
    where = chance.randrange(len(chunks))
    data = bytearray(chunks[where])
    if len(data) > 9:
        at = chance.randrange(9)
        data[at] = chance.choice([0, 1, 2, 3, 4, 8, 12, 14, 15, 127, 128, 255])
    chunks[where] = bytes(data)


def _edit_digits(chunks: list[bytes], chance: random.Random) -> None:
    """Another digit somewhere: sequences, notes, times; lengths stay right."""
    where = chance.randrange(len(chunks))
    data = bytearray(chunks[where])
    digits = [n for n, byte in enumerate(data) if 0x30 <= byte <= 0x39]
    for at in chance.sample(digits, min(len(digits), 3)):
        data[at] = 0x30 + chance.randrange(10)
    chunks[where] = bytes(data)


_CHANGES = (_flip, _insert, _cut, _repeat, _swap, _retype, _edit_digits, _edit_digits)


async def _besiege(target: Target, names: Sequence[str]) -> None:
    feeds = [Feed(name, 20) for name in names]
    recordings = await record(target, feeds)
    seed = 0
    while True:
        await assault(target, [*faults(), *mutants(recordings, 1000, seed)])
        seed += 1


if __name__ == "__main__":
    asyncio.run(
        _besiege(
            Target(bytes.fromhex(sys.argv[1]), int(sys.argv[2]), bytes.fromhex(sys.argv[3])),
            sys.argv[4:],
        )
    )
