"""Row: a player or a download that continues: ranges of one blob over HTTP, by several clients at a time."""

import asyncio

from benchmarks.bench import LIMIT_S, Bench
from benchmarks.blobs import LARGE, MB, lay
from benchmarks.figures import Figure, Figures
from benchmarks.watch import Watch
from tests.support.servers import Server

RANGES, CLIENTS = 2_000, 8
SPAN = 64 * 1024
HOST = "127.0.0.1"


async def http_ranges(bench: Bench, kind: type[Server]) -> Figures:
    """Two thousand ranges of 64 KiB, by eight clients that make a connection for each; who serves is watched."""
    server = kind(bench.place())
    (blob,) = lay(server.folder, 1, LARGE)
    async with server:
        await _read(server.ws_port, blob, 0)
        async with Watch(server) as watch:
            clients = [_client(server.ws_port, blob, n) for n in range(CLIENTS)]
            await asyncio.wait_for(asyncio.gather(*clients), LIMIT_S)
            watch.done()
    whole = RANGES * SPAN / MB
    return {
        "ranges/s": Figure(RANGES / watch.seconds),
        "MB/s": Figure(whole / watch.seconds),
        "cpu ms/MB": Figure(watch.cpu / whole * 1000),
        "peak PSS MB": Figure(watch.peak_mb),
    }


async def _client(port: int, blob: str, first: int) -> None:
    for n in range(first, RANGES, CLIENTS):
        await _read(port, blob, n * SPAN % (LARGE - SPAN))


async def _read(port: int, blob: str, start: int) -> None:
    reader, writer = await asyncio.open_connection(HOST, port)
    asked = f"GET /blobs/get/{blob} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n"
    writer.write(f"{asked}Range: bytes={start}-{start + SPAN - 1}\r\n\r\n".encode())
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    if not head.startswith(b"HTTP/1.1 206 ") or len(body) != SPAN:
        raise RuntimeError(f"{len(body)} bytes came: {head.decode()}")
