"""A real server of npm and our suite with one identity and the same messages, asked the same; they never meet."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.asking import PATIENCE_MS, Answer, Asker, Question
from tests.support.driver import PEERS
from tests.support.questions import REPLICATION, TYPES, UNKNOWN
from tests.support.servers import SHS, OurServer, Server, SsbServer

AT_ONCE = 25
NAMES = (*TYPES, *UNKNOWN, *REPLICATION)


@dataclass
class Side:
    """One of the two servers, a client with its own key, and when it received the messages."""

    server: Server
    asker: Asker
    received: list[float]
    exact: bool = True
    """Whether times of receipt rise along the log, so that they compare as ordinals: in ssb-db2 they do not."""

    def __post_init__(self) -> None:
        self.know(self.received)

    def know(self, received: list[float]) -> None:
        """Learns when the messages were received."""
        self.received = received
        self._ordinals = {time: n for n, time in enumerate(received)}

    async def ask(self, questions: Sequence[Question], asker: Asker | None = None) -> list[Answer]:
        """Asks all at once; answers come with received times as ordinals."""
        calls = [self._of_here(one) for one in questions]
        answers = await asyncio.gather(*(asker or self.asker).ask(calls))
        return [self.normal(answer) for answer in answers]

    async def ask_some_at_once(self, questions: Sequence[Question]) -> list[Answer]:
        """Asks a few at once: ssb-server takes long for a hundred, and a stream that waits counts as open."""
        groups = [questions[n : n + AT_ONCE] for n in range(0, len(questions), AT_ONCE)]
        return [answer for group in groups for answer in await self.ask(group)]

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
        """The value with times of receipt as ordinals, those that came later as "later"."""
        if isinstance(value, dict):
            return {name: self.normal(one) for name, one in value.items()}
        if isinstance(value, list):
            return [self.normal(one) for one in value]
        if isinstance(value, int | float) and not isinstance(value, bool) and self.received:
            if value in self._ordinals and self.exact:
                return f"received {self._ordinals[value]}"
            if self.received[0] <= value < 2 * self.received[0]:
                return "received later"
        return value


def _resolved(value: Any, received: list[float]) -> Any:
    if isinstance(value, dict):
        if "$received" in value:
            return received[value["$received"]] + value["plus"]
        return {name: _resolved(one, received) for name, one in value.items()}
    return [_resolved(one, received) for one in value] if isinstance(value, list) else value


def make_data(folder: Path, script: str = "strange.js") -> dict[str, Any]:
    """A data set and its secrets: the strange one, or what a small crowd says (`social.js`)."""
    subprocess.run(["node", str(PEERS / script), str(folder)], check=True)
    data: dict[str, Any] = json.loads((folder / "data.json").read_text())
    return data


@asynccontextmanager
async def filled(
    server: Server, data: dict[str, Any], secret: Path, names: Sequence[str] = NAMES
) -> AsyncIterator[Side]:
    """A running server with the data set in it, and a client that knows these methods."""
    server.folder.mkdir()
    shutil.copy(secret, server.folder / "secret")
    (server.folder / "secret").chmod(0o600)
    async with server:
        own = server.folder / "secret"
        async with Asker(own, server.address, SHS, (*NAMES, *names), PATIENCE_MS) as asker:
            side = Side(server, asker, [])
            added = await side.ask([Question("add", [m["value"]]) for m in data["messages"]])
            assert [a for a in added if "error" in a] == []
            logged = await asker.ask([Question("createLogStream", [{}], "source")])[0]
            times = {m["key"]: m["timestamp"] for m in logged["items"]}
            assert times.keys() == {m["key"] for m in data["messages"]}
            side.know([times[m["key"]] for m in data["messages"]])
            side.exact = side.received == sorted(set(side.received))
            yield side


@asynccontextmanager
async def pair(
    folder: Path,
    data: dict[str, Any],
    reference: type[Server] = SsbServer,
    names: Sequence[str] = NAMES,
) -> AsyncIterator[tuple[Side, Side]]:
    """Both servers: theirs, ours."""
    soon = ("--ooo.timeout", "300")
    theirs = reference(folder / "theirs", *soon)
    ours = OurServer(
        folder / "ours", *soon, "--force"
    )  # it has the key of a feed that is elsewhere too
    secret = folder / "secret"
    async with AsyncExitStack() as stack:
        starts = [
            asyncio.ensure_future(stack.enter_async_context(filled(one, data, secret, names)))
            for one in (theirs, ours)
        ]
        await asyncio.wait(starts)
        a, b = [start.result() for start in starts]
        a.exact = b.exact = a.exact and b.exact
        yield a, b
