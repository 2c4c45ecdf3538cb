"""What npm's plugins for clients answer and what we do: the same messages of a small crowd, hundreds of the same calls.

Calls are generated: SAME_SEEDS (numbers, comma between) and SAME_COUNT ask for more of them. `python -m tests.interop.same`
asks for single methods. Which differences stay, and why: tests/support/asked/accepted.py.

Two stacks answer: ssb-server 16 with ssb-db 20.4 and the plugins that run on it, and ssb-db2 with ssb-threads 10 and ssb-subset-rpc.
Not compared here: `tribes.*` (ssb-tribes 4 needs a stack of its own: test_groups.py); `friendsPurge.*`, which deletes what the others
are asked for; of ssb-tangle the versions above 1, which have no methods. What ends the reference or never lets its views
finish (an object as `root` or `channel`, null in a list) is in no message of the crowd.
"""

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from tests.support.answers import alike, assert_alive, differences
from tests.support.asked import CLIENTS, PLUGINS, live, questions
from tests.support.asked.accepted import ACCEPTED, LIVE, WATCHED, text
from tests.support.asked.picks import Picks
from tests.support.asking import Answer, Question
from tests.support.driver import PEERS_DB2, PEERS_PLUGINS
from tests.support.node_packages import install
from tests.support.pair import Side, make_data, pair
from tests.support.servers import ClientsServer, PluginsServer

pytestmark = pytest.mark.interop
SEEDS = [int(seed) for seed in os.environ.get("SAME_SEEDS", "1").split(",")]
COUNT = int(os.environ.get("SAME_COUNT", "100"))
ALIKE = 0.2
"""The part of a method's answers that is the same without any reason, at least."""
LONG = ("createLogStream", "createFeedStream", "threads.public", "threads.publicSummary")
"""Methods whose answers are nearly all there is: fewer calls say as much."""
CROWD = {
    "ssb-db": ("600",),
    "ssb-db2": (
        "600",
        "1",
        "plain",
    ),
}
STACKS = {
    "ssb-db": (PluginsServer, PEERS_PLUGINS, PLUGINS, live.of_plugins),
    "ssb-db2": (ClientsServer, PEERS_DB2, CLIENTS, live.of_clients),
}
LIVE_COUNT = 40
SETTLE_S = 2.0


@pytest.mark.parametrize("stack", STACKS)
async def test_same_plugins(folder: Path, stack: str) -> None:
    reference, packages, known, watched = STACKS[stack]
    install(packages)
    data = make_data(folder, "social.js", *CROWD[stack])
    streams = watched(Picks(SEEDS[0], data), LIVE_COUNT)
    names = sorted({*known, *(one.name for one in streams)})
    async with pair(folder, data, reference, names) as sides:
        for seed in SEEDS:
            await _compare(sides, data, sorted(known), seed)
        theirs, ours = await asyncio.gather(*(_watch(side, streams, data) for side in sides))
        wrong = differences(streams, theirs, ours, WATCHED, text)
        assert not wrong, f"{len(wrong)} of {len(streams)} differ:\n" + "\n".join(wrong)


async def _compare(
    sides: tuple[Side, Side], data: dict[str, Any], names: list[str], seed: int
) -> None:
    counts = {name: COUNT // 4 if name in LONG else COUNT for name in names}
    calls = [one for name in names for one in questions(name, data, seed, counts[name])]
    asked = [side.ask_some_at_once(calls, LIVE) for side in sides]
    theirs, ours = await asyncio.gather(*asked)
    assert_alive(sides[0])
    wrong = differences(calls, theirs, ours, ACCEPTED, text)
    assert not wrong, f"{len(wrong)} of {len(calls)} differ:\n" + "\n".join(wrong)
    same = alike(calls, theirs, ours, text)
    assert [name for name in names if same[name] < counts[name] * ALIKE] == []


async def _watch(side: Side, streams: list[Question], data: dict[str, Any]) -> list[Answer]:
    """What streams give that stay open while more is said."""
    opened = side.open(streams)
    await asyncio.sleep(SETTLE_S)
    added = await side.ask_in_turn([Question("add", [m["value"]]) for m in data["later"]])
    assert [a for a in added if "error" in a] == []
    await asyncio.sleep(SETTLE_S)
    side.asker.finish()
    return [side.normal(await one) for one in opened]
