"""Random traces: whom our machine asks and answers, and whom gossip-query does, of which ssb-ooo is made."""

import json
import random
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from common.gossip.ooo import Ooo
from common.refs import FeedId, MessageId, feed_id, message_id

pytestmark = pytest.mark.interop
COUNT = 300
PEERS = [feed_id(bytes([n]) * 32) for n in range(4)]
KEYS = [message_id(bytes([n]) * 32) for n in range(5)]
MESSAGE = "message"
NOT_HEARD = -3
"""The number of a question that nobody listens to: the reference sends it all the same."""

Sent = set[tuple[str, str, Any]]


class Node:
    """Our machine with a store, driven by events as `questions.js` is."""

    def __init__(self, stored: list[MessageId]) -> None:
        self.stored = set(stored)
        self.machine = Ooo()
        self.joined: list[FeedId] = []
        self.asked: set[tuple[FeedId, MessageId]] = set()

    def do(self, name: str, *args: Any) -> Sent:
        if name == "join":
            self.joined.append(args[0])
            self.machine.join(args[0])
        elif name == "want":
            self.machine.want(args[0], 0)
            self._look([args[0]])
        else:
            peer, items = args
            heard = self.machine.hear(
                peer, {k: None if n == MESSAGE else n for k, n in items.items()}, 0
            )
            self.stored.update(heard.answers)
            self._look([*heard.look_for, *heard.answers])
        return self._sent()

    def _look(self, keys: list[MessageId]) -> None:
        self.machine.have(key for key in keys if key in self.stored)
        self.machine.miss(key for key in keys if key not in self.stored)

    def _sent(self) -> Sent:
        found: Sent = set()
        for peer in self.joined:
            asks = self.machine.asks(peer)
            self.asked.update((peer, key) for key in asks)
            found.update((peer, key, number) for key, number in asks.items())
            found.update((peer, key, MESSAGE) for key in self.machine.answers(peer))
        return found


class Step(NamedTuple):
    """What ours sends after an event, and who had asked for what by then."""

    event: tuple[Any, ...]
    sent: Sent
    said: frozenset[tuple[str, str]]


def trace(seed: int) -> tuple[list[MessageId], list[Step]]:
    """What is stored, and events: each peer asks for a key once, all with the same number.

    We want what nobody asked for before: the reference does not ask anew when who asks is nearer.
    """
    rng = random.Random(seed)
    stored = rng.sample(KEYS, 2)
    numbers = {key: rng.choice((-1, -1, -2, -3)) for key in KEYS}
    node, steps = Node(stored), list[Step]()
    said: set[tuple[str, str]] = set()
    for _ in range(25):
        rest = [peer for peer in PEERS if peer not in node.joined]
        kind = rng.choice(("join", "want", "ask", "ask", "answer"))
        event: tuple[Any, ...] | None = None
        if kind == "join" and rest:
            event = ("join", rest[0])
        elif kind == "want":
            key = rng.choice(KEYS)
            if all(one != key for _, one in said):
                event = ("want", key)
        elif kind == "ask" and node.joined:
            peer, key = rng.choice(node.joined), rng.choice(KEYS)
            if (peer, key) not in said:
                said.add((peer, key))
                event = ("hear", peer, {key: numbers[key]})
        elif kind == "answer" and node.asked:
            peer, key = rng.choice(sorted(node.asked))
            event = ("hear", peer, {key: MESSAGE})
        if event is not None:
            steps.append(Step(event, node.do(*event), frozenset(said)))
    return stored, steps


def test_same_questions_as_gossip_query(peers: Path) -> None:
    traces = [trace(seed) for seed in range(COUNT)]
    done = subprocess.run(
        ["node", str(peers / "questions.js")],
        input="\n".join(
            json.dumps({"stored": stored, "events": [step.event for step in steps]})
            for stored, steps in traces
        ),
        text=True,
        capture_output=True,
        check=True,
    )
    for seed, line in enumerate(done.stdout.splitlines()):
        for n, (step, there) in enumerate(zip(traces[seed][1], json.loads(line), strict=True)):
            at = f"seed {seed}, event {n}: {step.event}"
            theirs = {(peer, key, what) for peer, key, what in there}
            # It asks back who asked, and asks on where nobody listens; it forgets some who asked.
            asks = {
                (peer, key, number)
                for peer, key, number in theirs
                if number not in (MESSAGE, NOT_HEARD) and (peer, key) not in step.said
            }
            assert asks == {one for one in step.sent if one[2] != MESSAGE}, at
            assert {one for one in theirs if one[2] == MESSAGE} <= step.sent, at
            answered = {(peer, key) for peer, key, what in step.sent if what == MESSAGE}
            assert answered <= step.said, at
