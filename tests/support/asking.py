"""Many calls at once to one server through a real ssb-client (tests/interop/peers/calls.js), and how each ended."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from tests.support.driver import LINE_LIMIT, PEERS

PATIENCE_MS = 4_000
"""How long a server says nothing to any call before those without an answer count as silent, streams as open."""


@dataclass(frozen=True)
class Question:
    """One call: a method, the muxrpc type it is called with, its arguments.

    `wait` keeps a stream open until `Asker.finish`; `sent` are the items of a sink or duplex; `alone` is asked over a
    connection of its own.
    """

    name: str
    args: list[Any]
    type: str = "async"
    wait: bool = False
    sent: list[Any] = field(default_factory=list)
    alone: bool = False

    def __str__(self) -> str:
        return f"{self.type} {self.name}({', '.join(json.dumps(a) for a in self.args)})"


Answer = dict[str, Any]
"""`value`, `error`, or `items` and `end` (true, false for one left open, or an error's text); or `silent`; or `gone` where
the connection ended under the call."""


class Asker:
    """A Node process with one client for each muxrpc type; use it as an async context manager."""

    def __init__(
        self, secret: Path, remote: str, shs: str, names: Sequence[str], patience_ms: int
    ) -> None:
        self._options = {
            "secret": str(secret),
            "remote": remote,
            "shs": shs,
            "names": names,
            "patience": patience_ms,
        }
        self._answers: dict[int, asyncio.Future[Answer]] = {}
        self.failed: str | None = None
        """Why it could not connect."""

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            "node",
            str(PEERS / "calls.js"),
            json.dumps(self._options),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LINE_LIMIT,
        )
        assert self._process.stdout is not None
        first = json.loads(await self._process.stdout.readline())
        self.failed = first.get("failed")
        self._reader = asyncio.ensure_future(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()
        await self._reader

    def ask(self, questions: Sequence[Question]) -> list[asyncio.Future[Answer]]:
        """Sends the calls at once, in order; their answers come as they come."""
        return [self._send(one) for one in questions]

    async def one_by_one(self, questions: Sequence[Question]) -> list[Answer]:
        """Sends each call when the one before it has been answered."""
        return [await self._send(one) for one in questions]

    def finish(self) -> None:
        """Ends the streams that wait."""
        self._write({"finish": True})

    def _send(self, one: Question) -> asyncio.Future[Answer]:
        number = len(self._answers)
        future = self._answers[number] = asyncio.get_running_loop().create_future()
        command = {"id": number, "name": one.name, "as": one.type, "args": one.args}
        self._write({**command, "wait": one.wait, "sent": one.sent, "alone": one.alone})
        return future

    def _write(self, command: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command).encode() + b"\n")

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            answer = json.loads(line)
            self._answers[answer.pop("id")].set_result(answer)
        for future in self._answers.values():
            if not future.done():
                future.set_result({"error": "the client died"})
