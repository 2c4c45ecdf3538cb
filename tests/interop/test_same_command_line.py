"""`ssb-server METHOD ...` and `sbot METHOD ...` at the same servers: the same output and the same exit codes."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.support.driver import PEERS
from tests.support.pair import Side, make_data, pair
from tests.support.ports import free_port
from tests.support.servers import ROOT, SHS, Server

pytestmark = pytest.mark.interop
THEIRS = ["node", str(PEERS / "node_modules/ssb-server/bin.js")]
OURS = [sys.executable, "-m", "services.sbot"]
AT_ONCE = 4


class Outcome(NamedTuple):
    """How a command ended."""

    code: int | None
    out: str
    err: str


async def run(
    program: list[str], words: list[str], server: Server, stdin: str | None, port: int | None
) -> Outcome:
    """Runs one command line against a server."""
    settings = [
        "--path",
        str(server.folder),
        "--host",
        "127.0.0.1",
        "--port",
        str(port or server.port),
    ]
    process = await asyncio.create_subprocess_exec(
        *(*program, *words, "--", *settings, "--caps.shs", SHS),
        stdin=asyncio.subprocess.DEVNULL if stdin is None else asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "HOME": str(server.folder.parent / "home"), "PYTHONPATH": str(ROOT)},
    )
    out, err = await asyncio.wait_for(
        process.communicate(None if stdin is None else stdin.encode()), 30
    )
    return Outcome(process.returncode, out.decode(), err.decode())


@pytest.fixture
def data(folder: Path) -> dict[str, Any]:
    return make_data(folder)


@pytest.fixture
async def sides(folder: Path, data: dict[str, Any]) -> AsyncIterator[tuple[Side, Side]]:
    async with pair(folder, data) as both:
        yield both


def commands(data: dict[str, Any]) -> list[list[str]]:
    """Command lines that change nothing."""
    key, own, one = data["messages"][0]["key"], data["own"], data["feeds"][1]
    return [
        ["whoami"],
        ["get", key],
        ["get", "--id", key, "--meta"],
        ["get"],
        ["get", "x"],
        ["getLatest", one],
        ["getLatest", data["far"]],
        ["latestSequence", one],
        ["latestSequence", data["far"]],
        ["createLogStream", "--limit", "2"],
        ["createLogStream", "--limit", "2", "--reverse", "--no-values"],
        ["createLogStream", "--limit", "x"],
        ["log", "--limit", "1"],
        ["hist", "--id", own],
        ["hist", own],
        ["createUserStream", "--id", one, "--gt", "2", "--limit=2"],
        ["createUserStream"],
        ["logt", "--type", "tick", "--limit", "1"],
        ["messagesByType", "tüpé 🦀"],
        ["feed", "--limit", "1"],
        ["friends.isFollowing", "--source", own, "--dest", one],
        ["friends.hops", "--max", "1"],
        ["gossip"],
        ["gossip", "--help"],
        ["blobs.get", "--help"],
        ["whoami", "--help"],
        ["createLogStream", "--help"],
        ["query.read", "--help", "--json"],
        ["gossip.connect"],
        ["gossip.connect", "x"],
    ]


async def test_same_command_lines(sides: tuple[Side, Side], data: dict[str, Any]) -> None:
    await _same_output_and_exit_code(sides, data)
    await _publishing(sides)
    await _without_a_server_or_a_method(sides)


async def _same_output_and_exit_code(sides: tuple[Side, Side], data: dict[str, Any]) -> None:
    turn = asyncio.Semaphore(AT_ONCE)

    async def both(words: list[str], server: Server) -> str | None:
        async with turn:
            theirs, ours = await asyncio.gather(
                *(run(p, words, server, None, None) for p in (THEIRS, OURS))
            )
        same = (theirs.code, _sorted(words, theirs.out)) == (ours.code, _sorted(words, ours.out))
        if (
            same
            and all(line in theirs.err for line in ours.err.splitlines())
            and bool(theirs.err) == bool(ours.err)
        ):
            return None
        return f"{server.kind} {words}\n  {theirs}\n  {ours}"

    asked = [both(words, side.server) for words in commands(data) for side in sides[1:]]
    asked += [both(words, sides[0].server) for words in commands(data)[::6]]
    wrong = [one for one in await asyncio.gather(*asked) if one]
    assert not wrong, "\n".join(wrong)


def _sorted(words: list[str], out: str) -> Any:
    return json.loads(out) if words[0] == "friends.hops" and out else out


async def _publishing(sides: tuple[Side, Side]) -> None:
    """What options mean as content, and a text on standard input."""
    options = [
        "--type",
        "post",
        "--text",
        "x y",
        "--nested.a",
        "1",
        "--nested.b.c",
        "z",
        "--list",
        "1",
        "--list",
        "q",
    ]
    options += ["--flag", "--no-other", "--n=1.5", "--hex", "0x10", "--empty=", "-k", "v", "-ab"]
    cases: list[tuple[list[str], str | None]] = [
        (["publish", *options], None),
        (["publish", "."], '{"type": "post", "text": "🦀 \\ud800"}'),
        (["publish", "."], "no json"),
        (["publish", "--type", "x"], None),
        (["publish", "--type", "5"], None),
        (["publish", "--text", "no type"], None),
        (["publish"], None),
        (["add", "."], "{}"),
    ]
    wrong = []
    for words, stdin in cases:
        theirs, ours = [await run(p, words, sides[1].server, stdin, None) for p in (THEIRS, OURS)]
        if (theirs.code, _content(theirs.out)) != (ours.code, _content(ours.out)):
            wrong.append(f"{words}\n  {theirs}\n  {ours}")
    assert not wrong, "\n".join(wrong)


def _content(out: str) -> Any:
    return json.loads(out)["value"]["content"] if out else None


async def _without_a_server_or_a_method(sides: tuple[Side, Side]) -> None:
    server, nowhere = sides[0].server, free_port()
    (server.folder / "socket").unlink(missing_ok=True)
    theirs, ours = [await run(p, ["whoami"], server, None, nowhere) for p in (THEIRS, OURS)]
    assert (ours.code, ours.out) == (theirs.code, theirs.out) == (1, "")
    assert ours.err == theirs.err
    for words in (["nothing"], ["friends.nothing"], ["friends"]):
        theirs, ours = [await run(p, words, server, None, None) for p in (THEIRS, OURS)]
        assert ours.code == theirs.code, words
