"""The row `ebt-duplicates`: messages sent more than once among 24 peers in virtual time, machine beside machine.

Nothing is signed and nothing goes over a socket: epidemic-broadcast-trees on its own and our EBT machine in the
simulator, on the same wirings. `old` is the first sync of all feeds, `new` what is published after it.
"""

import asyncio
import json
from collections import Counter
from dataclasses import asdict

from benchmarks.bench import Bench
from benchmarks.figures import Figure, Figures
from tests.simulation.spread import Wiring, spread, wiring
from tests.simulation.topologies import TOPOLOGIES
from tests.support.driver import PEERS
from tests.support.servers import OurServer, Server, SsbServer

SIZE = 24
SEEDS = (0, 1)


async def ebt_duplicates(_: Bench, kind: type[Server]) -> Figures:
    """For each topology the messages that a peer had already, to one that it lacked."""
    if kind not in (OurServer, SsbServer):
        return {}
    found: Figures = {}
    for topology in TOPOLOGIES:
        wirings = [wiring(topology, SIZE, seed) for seed in SEEDS]
        runs = [spread(w) for w in wirings] if kind is OurServer else await theirs(wirings)
        for age, phases in zip(("old", "new"), zip(*runs, strict=True), strict=True):
            twice, once = (sum(phase[key] for phase in phases) for key in ("twice", "once"))
            found[f"sent again, {topology}, {age}"] = Figure(twice / once)
    return found


async def theirs(wirings: list[Wiring]) -> list[list[Counter[str]]]:
    """What the reference's machines send; two counts a wiring, as `spread` gives them.

    Raises:
        RuntimeError: a peer did not get everything.
    """
    process = await asyncio.create_subprocess_exec(
        *("node", "ebt-network.js"),
        cwd=PEERS,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    asked = json.dumps([asdict(each) for each in wirings]).encode()
    answers = json.loads((await process.communicate(asked))[0])
    if any(answer["missing"] for answer in answers):
        raise RuntimeError("epidemic-broadcast-trees did not bring everything")
    return [[Counter(phase) for phase in answer["phases"]] for answer in answers]
