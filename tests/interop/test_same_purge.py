"""`friendsPurge.*` as ssb-friends-purge 1.0.1 does it in the ssb-db2 stack, and as ours does: the same feeds go, step by step."""

import asyncio
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.support.asking import Question
from tests.support.driver import PEERS_DB2
from tests.support.node_packages import install
from tests.support.pair import Side, make_data, pair
from tests.support.servers import Db2Server
from tests.support.waiting import until

pytestmark = pytest.mark.interop
STEPS = 12
LEAST = 200
IDLE = 34
"""Turns of stopping, and perhaps starting again, in each step: they change nothing."""
NAMES = (
    "friendsPurge.start",
    "friendsPurge.stop",
    "createUserStream",
    "friends.hops",
    "friends.isBlocking",
    "publish",
)
WITHIN_S = 60
HOPS = Question("friends.hops", [{}])


class PurgeServer(Db2Server):
    """The stack around ssb-db2 with ssb-friends-purge."""

    kind = "ssb-db2, purge"

    def arguments(self) -> list[str]:
        return [*super().arguments(), "--purging"]


async def left(side: Side, feeds: list[str]) -> dict[str, int]:
    """How many messages there are of each feed."""
    asked = [Question("createUserStream", [{"id": feed}], "source") for feed in feeds]
    told = await side.ask(asked)
    return {feed: len(one["items"]) for feed, one in zip(feeds, told, strict=True)}


async def says(side: Side, feed: str, *, blocking: bool) -> None:
    """We block a feed, or do so no more."""
    content = {"type": "contact", "contact": feed, "blocking": blocking}
    [told] = await side.ask([Question("publish", [content])])
    assert "error" not in told

    asked = Question("friends.isBlocking", [{"source": side.server.id, "dest": feed}])

    async def is_known() -> bool:
        return bool((await side.ask([asked]))[0]["value"] is blocking)

    await until(is_known, within=WITHIN_S, every=0.1)


async def settled(sides: tuple[Side, Side], feeds: list[str], gone: set[str]) -> None:
    """Waits until both have the same, and nothing of who is to go."""

    async def is_so() -> bool:
        theirs, ours = await asyncio.gather(*(left(side, feeds) for side in sides))
        del theirs[feeds[0]], ours[feeds[0]]
        return theirs == ours and {feed for feed, n in theirs.items() if not n} == gone

    await until(is_so, within=WITHIN_S, every=0.1)


def odd(choice: random.Random) -> list[Any]:
    """Arguments, of which neither method takes any."""
    given: list[list[Any]] = [[], [], [{}], [None], ["x"], [{"id": "x"}, 1]]
    return choice.choice(given)


async def test_the_same_feeds_go(folder: Path) -> None:
    install(PEERS_DB2)
    data, choice = make_data(folder, "social.js", "300", "1", "plain"), random.Random(1)
    feeds, calls = data["feeds"], Counter[str]()
    # bob's words decide about gus: he stays
    open_, shut = [feed for feed in feeds[1:9] if feed != feeds[2]], list[str]()
    async with pair(folder, data, PurgeServer, NAMES) as sides:

        async def call(name: str) -> None:
            calls[name] += 1
            asked = [Question(name, odd(choice))]
            theirs, ours = await asyncio.gather(*(side.ask(asked) for side in sides))
            assert theirs == ours

        async def decide(feed: str, *, blocking: bool) -> None:
            await asyncio.gather(*(says(side, feed, blocking=blocking) for side in sides))

        async def goes_on() -> None:
            """Both have deleted who is blocked."""
            hops = await asyncio.gather(*(side.ask([HOPS]) for side in sides))
            gone.update(feed for feed in feeds if hops[1][0]["value"].get(feed, 0) < 0)
            await settled(sides, feeds, gone)

        gone = set[str]()
        await settled(sides, feeds, gone)
        runs = False
        for _ in range(STEPS):
            if not runs:
                await call("friendsPurge.start")
            await goes_on()
            runs = True
            for _ in range(IDLE):
                await call("friendsPurge.stop")
                runs = choice.random() < 0.5
                if runs:
                    await call("friendsPurge.start")
            if open_ and (not shut or choice.random() < 0.7):
                shut.append(open_.pop(choice.randrange(len(open_))))
                await decide(shut[-1], blocking=True)
            else:
                open_.append(shut.pop(choice.randrange(len(shut))))
                await decide(open_[-1], blocking=False)
            if runs:
                await goes_on()
        await settled(sides, feeds, gone)
        assert min(calls.values()) >= LEAST
        assert len(gone) > 3
