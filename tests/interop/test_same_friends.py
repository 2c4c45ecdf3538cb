"""`friends.*` as ssb-friends 5.1.7 answers in the ssb-db2 stack, and as ours does, for the same feed.

Where the versions differ ours keeps version 4's answer, which `test_same_answers` compares: `hopStream` without options,
and no value for who never said anything.
"""

import asyncio
import json
import shutil
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from common.crypto.keys import generate
from common.runtime.secret import load_or_create
from tests.support.asking import PATIENCE_MS, Answer, Asker, Question
from tests.support.driver import PEERS_DB2
from tests.support.node_packages import install
from tests.support.servers import SHS, Db2Server, OurServer

pytestmark = pytest.mark.interop
TYPES = {
    "friends.follow": "async",
    "friends.block": "async",
    "friends.isFollowing": "async",
    "friends.isBlocking": "async",
    "friends.hops": "async",
    "friends.graph": "async",
    "friends.hopStream": "source",
    "friends.graphStream": "source",
}
A, B, C = (generate(name * 32).id for name in (b"a", b"b", b"c"))
SETTLE_S = 1.0


def said(own: str) -> list[Question]:
    """Contact messages, and what is none."""
    calls: list[tuple[str, list[Any]]] = [
        ("follow", [A, {}]),
        ("follow", [B, None]),
        ("follow", [B, {"state": False}]),
        ("block", [B, {"state": True, "reason": "noise"}]),
        ("follow", [C, {"state": "yes"}]),
        ("follow", [C, {"state": True, "recps": [own]}]),
        ("follow", ["x", {}]),
        ("follow", [None, {}]),
        ("block", [{"id": A}, {}]),
        ("block", [1.5, {}]),
        ("follow", [A, {"recps": None}]),
    ]
    return [Question(f"friends.{name}", args) for name, args in calls]


def asked(own: str) -> list[Question]:
    """What is asked of the graph when it stands."""
    pairs = [
        Question(f"friends.{name}", [{"source": own, "dest": dest, **more}])
        for name in ("isFollowing", "isBlocking")
        for dest in (A, B, C, own, "x")
        for more in ({}, {"details": True}, {"details": 0})
    ]
    options: list[Any] = [{}, {"max": 1}, {"start": A}, {"start": A, "reverse": True}]
    past: list[Any] = [{"live": False}, {"live": False, "old": True}, {"live": False, "old": False}]
    return [
        *pairs,
        *(Question("friends.hops", [one]) for one in options),
        Question("friends.graph", []),
        *(Question("friends.graphStream", [one], "source") for one in [*past, {"live": None}]),
        *(Question("friends.hopStream", [one], "source") for one in past),
    ]


def watched() -> list[Question]:
    """Streams that stay open."""
    graph: list[list[Any]] = [[], [{}], [{"live": True}], [{"old": True}], [{"live": 1, "old": 1}]]
    hops = [{"live": True, "old": True}, {"live": True, "old": False}]
    return [
        *(Question("friends.graphStream", args, "source", wait=True) for args in graph),
        *(Question("friends.hopStream", [one], "source", wait=True) for one in hops),
    ]


LATER = [Question("friends.block", [A, {}]), Question("friends.follow", [B, {"state": True}])]


def normal(answer: Answer) -> Any:
    """The answer, a published message as its content."""
    value = answer.get("value")
    if isinstance(value, dict) and "value" in value:
        content = value["value"]["content"]
        return content.rsplit(".")[-1] if isinstance(content, str) else list(content.items())
    return answer


async def answers(server: OurServer | Db2Server, stack: AsyncExitStack) -> dict[str, Any]:
    """What one server says to all of it."""
    await stack.enter_async_context(server)
    own = server.id
    names, secret = list(TYPES), server.folder / "secret"
    asker = await stack.enter_async_context(Asker(secret, server.address, SHS, names, PATIENCE_MS))
    found: dict[str, Any] = {}
    for question in said(own):
        (found[f"said {question}"],) = map(normal, await asker.one_by_one([question]))
    for question, answer in zip(
        asked(own), await asyncio.gather(*asker.ask(asked(own))), strict=True
    ):
        found[f"asked {question}"] = answer
    opened = asker.ask(watched())
    await asyncio.sleep(SETTLE_S)
    found["later"] = [normal(one) for one in await asker.one_by_one(LATER)]
    await asyncio.sleep(SETTLE_S)
    asker.finish()
    for question, answer in zip(watched(), await asyncio.gather(*opened), strict=True):
        found[f"watched {question}"] = answer
    return found


async def test_same_answers_as_version_5(folder: Path) -> None:
    install(PEERS_DB2)
    load_or_create(folder / "secret")
    async with AsyncExitStack() as stack:
        servers = (Db2Server(folder / "theirs"), OurServer(folder / "ours", "--force"))
        for server in servers:
            server.folder.mkdir()
            shutil.copy(folder / "secret", server.folder / "secret")
        theirs, ours = await asyncio.gather(*(answers(server, stack) for server in servers))
    different = [
        f"{name}\n   theirs {theirs[name]}\n   ours   {ours[name]}"
        for name in theirs
        if json.dumps(theirs[name], sort_keys=True) != json.dumps(ours[name], sort_keys=True)
    ]
    assert not different, "\n".join(different)
