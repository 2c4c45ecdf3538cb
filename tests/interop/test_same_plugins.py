"""What npm's plugins for clients answer and what we do: the same messages of a small crowd, hundreds of the same calls.

Calls are generated, 200 of each method: SAME_SEEDS (numbers, comma between) and SAME_COUNT ask for more of them. All are different,
but for `names.get` and `names.getImages`, which take nothing. What ends a connection of the reference is asked there over one of
its own, so that no other answer is lost. `python -m tests.interop.same` asks for single methods. Which differences stay, and why:
tests/support/asked/accepted.py.

Two stacks answer: ssb-server 16 with ssb-db 20.4 and the plugins that run on it, and ssb-db2 with ssb-threads 10 and ssb-subset-rpc.
Not compared here: `tribes.*` (ssb-tribes 4 needs a stack of its own, with other members: test_groups.py); `friendsPurge.*`, which deletes what the others
are asked for (test_same_purge.py); of ssb-tangle the versions above 1, which have no methods. What ends the reference or never lets its views
finish (an object as `root` or `channel`, null in a list) is in no message of the crowd.
"""

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from tests.support.answers import compared, differences
from tests.support.asked import CLIENTS, PLUGINS, live, questions
from tests.support.asked.accepted import ACCEPTED, LIVE, WATCHED, text
from tests.support.asked.picks import Picks
from tests.support.driver import PEERS_DB2, PEERS_PLUGINS
from tests.support.node_packages import install
from tests.support.pair import Side, make_data, pair
from tests.support.servers import ClientsServer, PluginsServer

pytestmark = pytest.mark.interop
SEEDS = [int(seed) for seed in os.environ.get("SAME_SEEDS", "1").split(",")]
COUNT = int(os.environ.get("SAME_COUNT", "200"))
ALIKE = 0.2
"""The part of a method's answers that is the same without any reason, at least."""
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
        theirs, ours = await asyncio.gather(
            *(side.watch(streams, data["later"], SETTLE_S) for side in sides)
        )
        wrong = differences(streams, theirs, ours, WATCHED, text)
        assert not wrong, f"{len(wrong)} of {len(streams)} differ:\n" + "\n".join(wrong)


async def _compare(
    sides: tuple[Side, Side], data: dict[str, Any], names: list[str], seed: int
) -> None:
    calls = [one for name in names for one in questions(name, data, seed, COUNT)]
    asked = [side.ask_some_at_once(calls, LIVE) for side in sides]
    theirs, ours = await asyncio.gather(*asked)
    wrong, same = compared(calls, theirs, ours, ACCEPTED, text)
    assert not wrong, f"{len(wrong)} of {len(calls)} differ:\n" + "\n".join(wrong)
    assert [name for name in names if same[name] < COUNT * ALIKE] == []
