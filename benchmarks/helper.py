"""A process of the bench that plays clients: `benchmarks.lean` or `benchmarks.strangers`."""

import asyncio
import base64
import json
import sys
from pathlib import Path
from typing import Any, Self

from tests.support.servers import SHS_BYTES, Server

ROOT = Path(__file__).parent.parent


def net_order(server: Server) -> dict[str, Any]:
    """How one comes to a server over net: port, keys in hex, and the file of its own secret."""
    public = base64.b64decode(server.address.rsplit(":", 1)[1])
    return {
        "port": server.port,
        "server": public.hex(),
        "shs": SHS_BYTES.hex(),
        "secret": str(server.folder / "secret"),
    }


class Helper:
    """The process, told once what to do, from start to end; use it as an async context manager."""

    def __init__(self, module: str, order: dict[str, Any]) -> None:
        self._command = [sys.executable, "-m", f"benchmarks.{module}", json.dumps(order)]

    async def __aenter__(self) -> Self:
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(
            *self._command, stdin=pipe, stdout=pipe, cwd=ROOT
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), 2)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    async def answer(self) -> dict[str, Any]:
        """Its next line."""
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._command[2]} ended without an answer")
        found: dict[str, Any] = json.loads(line)
        return found

    async def ask(self) -> dict[str, Any]:
        """Sends it an empty line, and gives what it says to that."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n")
        return await self.answer()
