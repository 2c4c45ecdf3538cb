"""What this machine can do at all, without a server: the limits that rows are held against."""

import os
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.figures import Limits
from common.crypto import sodium
from common.store.port import Batch
from common.store.rocks import open_rocks
from common.wire.handshake import Client, Server

VERIFY = "verify/s, one thread"
VERIFY_TWO = "verify/s, two threads"
SIGN = "sign/s, one thread"
OPEN_BOXES = "open boxes of 4 KiB, MB/s"
HANDSHAKES = "server's half of handshakes/s"
ROCKS = "RocksDB: messages/s"
FSYNC = "RocksDB: ms a write with fsync"
LOOPBACK = "loopback MB/s"
MESSAGE_BYTES = "bytes of a message's JSON"

MESSAGE = 700
BATCH = 200
SECONDS = 0.5


def measure(folder: Path) -> Limits:
    """All limits, in about five seconds."""
    return {**_computing(), **_rocks(folder / "limits"), LOOPBACK: _loopback()}


def _rate(step: Callable[[], object], seconds: float = SECONDS) -> float:
    """How often a second a step can be done one after the other."""
    n, started = 0, time.monotonic()
    while (passed := time.monotonic() - started) < seconds:
        for _ in range(8):
            step()
        n += 8
    return n / passed


def _computing() -> Limits:
    public, secret = sodium.keypair(os.urandom(32))
    message = os.urandom(MESSAGE)
    signature = sodium.sign(secret, message)
    key, nonce = os.urandom(32), os.urandom(24)
    boxed = sodium.box_seal(os.urandom(4096), nonce, key)

    def verify() -> bool:
        return sodium.verify(public, signature, message)

    with ThreadPoolExecutor(2) as pool:
        together = sum(pool.map(lambda _: _rate(verify), range(2)))
    return {
        VERIFY: _rate(verify),
        VERIFY_TWO: together,
        SIGN: _rate(lambda: sodium.sign(secret, message)),
        OPEN_BOXES: _rate(lambda: sodium.box_open(boxed, nonce, key)) * 4096 / 1e6,
        HANDSHAKES: _handshakes(),
    }


def _handshakes() -> float:
    shs = os.urandom(32)
    public, secret = sodium.keypair(os.urandom(32))
    spent, n = 0.0, 100
    for _ in range(n):
        client = Client(shs, *sodium.keypair(os.urandom(32)), public, os.urandom(32))
        challenge = client.data_to_send()
        started = time.monotonic()
        server = Server(shs, public, secret, os.urandom(32))
        server.receive_data(challenge)
        answer = server.data_to_send()
        spent += time.monotonic() - started
        client.receive_data(answer)
        hello = client.data_to_send()
        started = time.monotonic()
        server.receive_data(hello)
        server.accept()
        spent += time.monotonic() - started
    return n / spent


def _rocks(folder: Path) -> Limits:
    store = open_rocks(folder, ["values"])
    value = os.urandom(MESSAGE)
    keys = iter(range(1 << 40))

    def write(n: int, *, sync: bool) -> None:
        batch = Batch()
        for _ in range(n):
            batch.put("values", next(keys).to_bytes(8), value)
        store.write(batch, sync=sync)

    rate = _rate(lambda: write(BATCH, sync=False)) * BATCH
    syncs = _rate(lambda: write(1, sync=True))
    store.close()
    return {ROCKS: rate, FSYNC: 1000 / syncs}


def _loopback() -> float:
    """From one thread to another over TCP of 127.0.0.1."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours = socket.create_connection(listener.getsockname())
        theirs, _ = listener.accept()
    chunk = bytes(1 << 16)
    stop = threading.Event()

    def send() -> None:
        with ours:
            while not stop.is_set():
                ours.sendall(chunk)

    sender = threading.Thread(target=send)
    sender.start()
    received, started = 0, time.monotonic()
    with theirs:
        while time.monotonic() - started < SECONDS:
            received += len(theirs.recv(1 << 20))
        passed = time.monotonic() - started
        stop.set()
        while theirs.recv(1 << 20):
            pass
    sender.join()
    return received / passed / 1e6
