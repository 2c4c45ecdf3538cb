"""Random graphs: our hops and those of layered-graph, by which ssb-friends of either version decides.

SAME_HOPS says how many graphs; a failure names the seed of its graph.
"""

import json
import os
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest

from common.graph import Edge, Graph, Reach
from common.refs import FeedId, feed_id

pytestmark = pytest.mark.interop
COUNT = int(os.environ.get("SAME_HOPS", "1000"))
FEEDS = [feed_id(bytes([n]) * 32) for n in range(30)]
VALUES = (1, -1, -2)
WEIGHTS = ((8, 1, 1), (4, 3, 3), (1, 1, 1))
FORGETFUL = 0.02
"""The part of graphs in which dynamic-dijkstra, edge by edge, keeps feeds that loading it anew does not."""


def question(seed: int) -> dict[str, Any]:
    """A graph, edges that come later, and other starts and directions to ask for."""
    rng = random.Random(seed)
    feeds = FEEDS[: rng.choice((3, 5, 8, 14, 30))]
    weights = rng.choice(WEIGHTS)

    def edges(most: int) -> list[list[Any]]:
        values = rng.choices(VALUES, weights, k=rng.randrange(most))
        return [[rng.choice(feeds), rng.choice(feeds), value] for value in values]

    def ask() -> dict[str, Any]:
        options = {
            "start": rng.choice(feeds),
            "max": rng.randint(1, 5),
            "reverse": rng.random() < 0.5,
        }
        return {name: value for name, value in options.items() if rng.random() < 0.7}

    return {
        "edges": edges(len(feeds) * 4),
        "later": edges(len(feeds) * 2),
        "start": feeds[0],
        "max": rng.randint(1, 4),
        "asks": [ask() for _ in range(3)],
    }


def of_ours(asked: dict[str, Any]) -> dict[str, Any]:
    """What `hops.js` answers, by our own graph."""
    graph = Graph(Edge(*edge) for edge in asked["edges"])
    reach = Reach(graph, asked["start"], asked["max"])
    loaded = dict(reach.hops())
    told: dict[FeedId, int | None] = {}
    for edge in asked["later"]:
        reach.set_edge(Edge(*edge))
        told |= dict(reach.changes())
    kept = dict(reach.hops())
    answers = []
    for ask in asked["asks"]:
        start, most = ask.get("start", asked["start"]), ask.get("max", asked["max"])
        hops = graph.hops(start, most, reverse=ask.get("reverse", False))
        if start == asked["start"] and most < asked["max"] and not ask.get("reverse"):
            hops = {feed: n for feed, n in kept.items() if n <= most}
        answers.append(hops)
    return {"loaded": loaded, "kept": kept, "anew": kept, "told": told, "answers": answers}


def test_same_hops_as_layered_graph(peers: Path) -> None:
    questions = [question(seed) for seed in range(COUNT)]
    done = subprocess.run(
        ["node", str(peers / "hops.js")],
        input="\n".join(map(json.dumps, questions)),
        text=True,
        capture_output=True,
        check=True,
    )
    forgetful = 0
    for seed, line in enumerate(done.stdout.splitlines()):
        theirs, ours = json.loads(line), of_ours(questions[seed])
        assert theirs["loaded"] == ours["loaded"], f"seed {seed}"
        assert theirs["anew"] == ours["anew"], f"seed {seed}"
        assert theirs["answers"] == ours["answers"], f"seed {seed}"
        if theirs["kept"] != theirs["anew"]:
            forgetful += 1
            continue
        assert theirs["kept"] == ours["kept"], f"seed {seed}"
        still = {feed: n for feed, n in theirs["told"].items() if feed in ours["kept"]}
        assert still.items() <= ours["kept"].items(), f"seed {seed}"
    assert forgetful <= FORGETFUL * COUNT
