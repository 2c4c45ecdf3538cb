"""A real ssb-server and our suite with one identity and the same messages, asked the same; they never meet."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.asking import PATIENCE_MS, Answer, Asker, Question
from tests.support.driver import PEERS
from tests.support.questions import REPLICATION, TYPES, UNKNOWN
from tests.support.servers import SHS, OurServer, Server, SsbServer

NAMES = (*TYPES, *UNKNOWN, *REPLICATION)


@dataclass
class Side:
    """One of the two servers, a client with its own key, and when it received the messages."""

    server: Server
    asker: Asker
    received: list[float]

    async def ask(self, questions: Sequence[Question], asker: Asker | None = None) -> list[Answer]:
        """Asks all at once; answers come with received times as ordinals."""
        calls = [self._of_here(one) for one in questions]
        answers = await asyncio.gather(*(asker or self.asker).ask(calls))
        return [self.normal(answer) for answer in answers]

    async def ask_in_turn(self, questions: Sequence[Question]) -> list[Answer]:
        """Asks one after the other."""
        calls = [self._of_here(one) for one in questions]
        return [self.normal(answer) for answer in await self.asker.one_by_one(calls)]

    def open(self, questions: Sequence[Question]) -> list[asyncio.Future[Answer]]:
        """Opens streams."""
        return self.asker.ask([self._of_here(one) for one in questions])

    def _of_here(self, one: Question) -> Question:
        return Question(one.name, _resolved(one.args, self.received), one.type, one.wait, one.sent)

    def normal(self, value: Any) -> Any:
        """The value with times of receipt as ordinals, those that came later as "new"."""
        if isinstance(value, dict):
            return {name: self._normal_member(name, one) for name, one in value.items()}
        return [self.normal(one) for one in value] if isinstance(value, list) else value

    def _normal_member(self, name: str, value: Any) -> Any:
        if name in ("timestamp", "rts") and isinstance(value, int | float):
            if value in self.received:
                return f"received {self.received.index(value)}"
            if self.received and value > self.received[0] and value < 2 * self.received[0]:
                return "received later"
        return self.normal(value)


def _resolved(value: Any, received: list[float]) -> Any:
    if isinstance(value, dict):
        if "$received" in value:
            return received[value["$received"]] + value["plus"]
        return {name: _resolved(one, received) for name, one in value.items()}
    return [_resolved(one, received) for one in value] if isinstance(value, list) else value


def make_data(folder: Path) -> dict[str, Any]:
    """The strange data set and its secrets."""
    subprocess.run(["node", str(PEERS / "strange.js"), str(folder)], check=True)
    data: dict[str, Any] = json.loads((folder / "data.json").read_text())
    return data


@asynccontextmanager
async def filled(server: Server, data: dict[str, Any], secret: Path) -> AsyncIterator[Side]:
    """A running server with the data set in it."""
    server.folder.mkdir()
    shutil.copy(secret, server.folder / "secret")
    (server.folder / "secret").chmod(0o600)
    async with server:
        own = server.folder / "secret"
        async with Asker(own, server.address, SHS, NAMES, PATIENCE_MS) as asker:
            side = Side(server, asker, [])
            added = await side.ask([Question("add", [m["value"]]) for m in data["messages"]])
            assert [a for a in added if "error" in a] == []
            logged = await asker.ask([Question("createLogStream", [{}], "source")])[0]
            assert [m["key"] for m in logged["items"]] == [m["key"] for m in data["messages"]]
            side.received = [m["timestamp"] for m in logged["items"]]
            yield side


@asynccontextmanager
async def pair(folder: Path, data: dict[str, Any]) -> AsyncIterator[tuple[Side, Side]]:
    """Both servers: theirs, ours."""
    soon = ("--ooo.timeout", "300")
    theirs = SsbServer(folder / "theirs", *soon)
    ours = OurServer(
        folder / "ours", *soon, "--force"
    )  # it has the key of a feed that is elsewhere too
    secret = folder / "secret"
    async with (
        filled(theirs, data, secret) as a,
        filled(ours, data, secret) as b,
    ):
        yield a, b
