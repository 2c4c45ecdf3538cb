"""A real ssb-client in a Node process (tests/interop/peers/driver.js), driven over its pipes."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, Self

PEERS = Path(__file__).parent.parent / "interop" / "peers"
PEERS_DB2 = PEERS.with_name("peers-db2")
PEERS_TRIBES = PEERS.with_name("peers-tribes")
PEERS_PLUGINS = PEERS.with_name("peers-plugins")
LINE_LIMIT = 1 << 26


class CallError(Exception):
    """The server answered a call with an error; the text is the error's message."""


class Driver:
    """One connected ssb-client; use it as an async context manager."""

    def __init__(
        self, secret: Path, remote: str, shs: str, manifest: Path | dict[str, Any]
    ) -> None:
        self._options = {
            "secret": str(secret),
            "remote": remote,
            "shs": shs,
            "manifest": manifest if isinstance(manifest, dict) else str(manifest),
        }
        self.remote = remote
        self._answers: dict[int, asyncio.Queue[dict[str, Any]]] = {}
        self._next = 0

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            "node",
            str(PEERS / "driver.js"),
            json.dumps(self._options),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LINE_LIMIT,
        )
        first = json.loads(await self._line() or '{"failed": "the driver died"}')
        if "failed" in first:
            await self._process.wait()
            raise CallError(first["failed"])
        self.remote_id: str = first["connected"]
        self._reader = asyncio.ensure_future(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), 5)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        self._reader.cancel()

    async def call(self, name: str, *args: object) -> Any:
        """Value of an async or sync method; raises CallError with the server's message."""
        return await self._value({"name": name.split("."), "args": args})

    async def many(
        self, name: str, each: Sequence[Sequence[object]], *, window: int = 100, keys: bool = False
    ) -> list[Any]:
        """Many calls of one method side by side; with `keys` the `key` of each value."""
        value = await self._value({"many": name, "each": each, "window": window, "keys": keys})
        assert isinstance(value, list)
        return value

    async def counted(self, name: str, each: Sequence[Sequence[object]]) -> int:
        """How many items come from a source called once for each list of arguments, all at once."""
        value = await self._value({"count": name, "each": each})
        assert isinstance(value, int)
        return value

    async def source(
        self, name: str, *args: object, limit: int | None = None
    ) -> AsyncIterator[Any]:
        """Items of a source, aborted after `limit` of them."""
        number = self._send({"name": name.split("."), "args": args})
        seen = 0
        while True:
            answer = await self._answers[number].get()
            if "item" in answer:
                yield answer["item"]
                seen += 1
                if seen == limit:
                    self._write({"abort": True, "id": number})
                    return
            elif "error" in answer:
                raise CallError(answer["error"])
            else:
                return

    async def collect(self, name: str, *args: object) -> list[Any]:
        """All items of a source that ends."""
        return [item async for item in self.source(name, *args)]

    async def send_file(self, name: str, file: Path, *args: object) -> None:
        """Gives a sink the bytes of a file, and waits for its end."""
        await self._value({"sink": name.split("."), "args": args, "file": str(file)})

    async def digest(self, name: str, *args: object) -> tuple[int, str]:
        """How many bytes a source gives, and their SHA-256 in hex."""
        value = await self._value({"digest": name.split("."), "args": args})
        return value["size"], value["sha256"]

    async def _value(self, command: dict[str, Any]) -> Any:
        answer = await self._answers[self._send(command)].get()
        if "error" in answer:
            raise CallError(answer["error"])
        return answer["value"]

    def _send(self, command: dict[str, Any]) -> int:
        self._next += 1
        self._answers[self._next] = asyncio.Queue()
        self._write({"id": self._next, **command})
        return self._next

    def _write(self, command: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command).encode() + b"\n")

    async def _line(self) -> bytes:
        assert self._process.stdout is not None
        return await self._process.stdout.readline()

    async def _read(self) -> None:
        while line := await self._line():
            answer = json.loads(line)
            self._answers[answer["id"]].put_nowait(answer)
        for queue in self._answers.values():
            queue.put_nowait({"error": "the driver died"})
