"""A real server of npm and our suite with one identity and the same messages, asked the same; they never meet."""

import asyncio
import contextlib
import json
import shutil
import subprocess
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from tests.support.asking import PATIENCE_MS, Answer, Asker, Question
from tests.support.driver import PEERS
from tests.support.questions import REPLICATION, TYPES, UNKNOWN
from tests.support.servers import SHS, OurServer, Server, SsbServer
from tests.support.waiting import until

AT_ONCE = 40
GRACE_S = 0.5
"""How long a server that ends may take for it after its connections."""
SOON_S = 1.0
"""How long a call counts as under way."""
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
        self._numbers = _Numbers(self)

    async def ask(self, questions: Sequence[Question], asker: Asker | None = None) -> list[Answer]:
        """Asks all at once; answers come with received times as ordinals."""
        calls = [self._of_here(one) for one in questions]
        answers = await asyncio.gather(*(asker or self.asker).ask(calls))
        return [self.normal(answer) for answer in answers]

    async def ask_some_at_once(
        self, questions: Sequence[Question], live: Collection[str] = ()
    ) -> list[Answer]:
        """Asks with so many calls under way, as ssb-server is slow with hundreds; what takes long, or never ends, does not count.

        Where a call ends the connection, or the server, the others are asked again: only that one's answer is `gone`.
        """
        answers = await self._ask_some(questions, live)
        for restarts in (False, True):
            lost = [n for n, answer in enumerate(answers) if "gone" in answer]
            alone = [replace(questions[n], alone=True) for n in lost]
            again = await (
                self._each_restarting(alone) if restarts else self._ask_some(alone, live)
            )
            for n, answer in zip(lost, again, strict=True):
                answers[n] = answer
            if not lost or not await self._revive(GRACE_S):
                break
        return answers

    async def _ask_some(self, questions: Sequence[Question], live: Collection[str]) -> list[Answer]:
        await self._revive()
        free = asyncio.Semaphore(AT_ONCE)

        async def ask(one: Question) -> Answer:
            async with contextlib.nullcontext() if one.name in live else free:
                answer = self.asker.ask([self._of_here(one)])[0]
                await asyncio.wait([answer], timeout=SOON_S)
            found: Answer = self.normal(await answer)
            return found

        return await asyncio.gather(*(ask(one) for one in questions))

    async def _each_restarting(self, questions: Sequence[Question]) -> list[Answer]:
        """One after the other, each asked of a server that runs."""
        answers: list[Answer] = []
        await self._revive()
        for one in questions:
            answers.append(self.normal(await self.asker.ask([self._of_here(one)])[0]))
            if "gone" in answers[-1]:
                await self._revive(GRACE_S)
        return answers

    async def _revive(self, grace_s: float = 0) -> bool:
        """Starts the reference again where a question ended it, at once or within that time; ours must never end."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.server.process.wait(), grace_s)
        if self.server.process.returncode is None:
            return False
        assert not isinstance(self.server, OurServer)
        await self.server.start()
        return True

    async def ask_in_turn(self, questions: Sequence[Question]) -> list[Answer]:
        """Asks one after the other."""
        calls = [self._of_here(one) for one in questions]
        return [self.normal(answer) for answer in await self.asker.one_by_one(calls)]

    def open(self, questions: Sequence[Question]) -> list[asyncio.Future[Answer]]:
        """Opens streams."""
        return self.asker.ask([self._of_here(one) for one in questions])

    async def watch(
        self, streams: Sequence[Question], said: Sequence[dict[str, Any]], settle_s: float
    ) -> list[Answer]:
        """What streams give that stay open while more is said: what was, the mark, and what comes."""
        opened = self.open(streams)
        await asyncio.sleep(settle_s)
        added = await self.ask_in_turn([Question("add", [m["value"]]) for m in said])
        assert [a for a in added if "error" in a] == []
        await asyncio.sleep(settle_s)
        self.asker.finish()
        return [self.normal(await one) for one in opened]

    def _of_here(self, one: Question) -> Question:
        return replace(one, args=_resolved(one.args, self.received))

    def normal(self, value: Any) -> Any:
        """The value with times of receipt as ordinals, those that came later as "later"."""
        if not self.received:
            return value
        # through the numbers of the text: walking over the values takes Python five times as long
        number = self._numbers.__getitem__
        return json.loads(json.dumps(value), parse_int=number, parse_float=number)


class _Numbers(dict[str, Any]):
    """What stands for each number, as JSON writes it."""

    def __init__(self, side: Side) -> None:
        super().__init__()
        self._side = side
        self._ordinals = {time: n for n, time in enumerate(side.received)}

    def __missing__(self, text: str) -> Any:
        value = self[text] = self._found(json.loads(text))
        return value

    def _found(self, value: float) -> Any:
        if value in self._ordinals and self._side.exact:
            return f"received {self._ordinals[value]}"
        first = self._side.received[0]
        return "received later" if first <= value < 2 * first else value


def _resolved(value: Any, received: list[float]) -> Any:
    if isinstance(value, dict):
        if "$received" in value:
            return received[value["$received"]] + value["plus"]
        return {name: _resolved(one, received) for name, one in value.items()}
    return [_resolved(one, received) for one in value] if isinstance(value, list) else value


def make_data(folder: Path, script: str = "strange.js", *arguments: str) -> dict[str, Any]:
    """A data set and its secrets: the strange one, or what a small crowd says (`social.js`)."""
    subprocess.run(["node", str(PEERS / script), str(folder), *arguments], check=True)
    data: dict[str, Any] = json.loads((folder / "data.json").read_text())
    return data


@contextlib.asynccontextmanager
async def filled(
    server: Server, data: dict[str, Any], secret: Path, names: Sequence[str] = NAMES
) -> AsyncIterator[Side]:
    """A running server with the data set in it, and a client that knows these methods."""
    server.folder.mkdir()
    shutil.copy(secret, server.folder / "secret")
    (server.folder / "secret").chmod(0o600)
    known = (*NAMES, *names)
    async with server:
        async with _asker(server, known) as asker:
            received = await _fill(asker, data)
        if server.settles_at_start:
            await server.stop()
            await server.start()
        async with _asker(server, known) as asker:
            yield Side(server, asker, received, exact=received == sorted(set(received)))


def _asker(server: Server, names: Sequence[str]) -> Asker:
    return Asker(server.folder / "secret", server.address, SHS, names, PATIENCE_MS)


async def _fill(asker: Asker, data: dict[str, Any]) -> list[float]:
    """Adds the messages; returns when each was received."""
    calls = [Question("add", [m["value"]]) for m in data["messages"]]
    added = await asyncio.gather(*asker.ask(calls))
    assert [a for a in added if "error" in a] == []
    times = await until(partial(_times, asker, len(calls)))
    assert times.keys() == {m["key"] for m in data["messages"]}
    return [times[m["key"]] for m in data["messages"]]


async def _times(asker: Asker, count: int) -> dict[str, float] | None:
    """When each message was received; None before all are: a busy server adds some after the client's patience."""
    logged = await asker.ask([Question("createLogStream", [{}], "source")])[0]
    times = {m["key"]: m["timestamp"] for m in logged["items"]}
    return times if len(times) == count else None


@contextlib.asynccontextmanager
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
    async with contextlib.AsyncExitStack() as stack:
        starts = [
            asyncio.ensure_future(stack.enter_async_context(filled(one, data, secret, names)))
            for one in (theirs, ours)
        ]
        await asyncio.wait(starts)
        a, b = [start.result() for start in starts]
        a.exact = b.exact = a.exact and b.exact
        yield a, b
