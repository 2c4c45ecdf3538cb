"""The calls that Oasis makes of its server, filled in with what the crowd of `social.js` said.

`tests/interop/oasis-methods.json` has each method with its muxrpc type and the shapes of its arguments: of Oasis 0.9.6
as seen in a run of its pages and written in its source, and of Oasis 2.17 as written in its source.
"""

import json
from collections.abc import Callable
from typing import Any

from tests.support.asked.picks import Picks
from tests.support.asking import Question
from tests.support.driver import PEERS

METHODS: dict[str, dict[str, Any]] = json.loads(
    (PEERS.parent / "oasis-methods.json").read_text(encoding="utf-8")
)
CALLED = {"sync": "async"}
"""Types that are called as another."""
SHORT = 2
"""Letters of the longest word that is not looked for: a search for it alone has no answer."""
INVITE = "nowhere.example:8008:@x.ed25519~x"
ADDRESS = f"net:127.0.0.1:1~shs:{'A' * 43}="


def calls(name: str, data: dict[str, Any], seed: int, times: int) -> list[Question]:
    """Each shape of a method that many times, once where nothing in it can be chosen."""
    picks = Picks(seed, data)
    kind = METHODS[name]["type"]
    found = {}
    for shape in METHODS[name]["shapes"]:
        for _ in range(times):
            question = Question(name, _filled(shape, _chosen(picks)), CALLED.get(kind, kind))
            found[str(question)] = question
    return list(found.values())


def _chosen(picks: Picks) -> Callable[[str], Any]:
    """What a name in angle brackets stands for: the same throughout a call."""
    data = picks.data
    boxes = [m for m in picks.messages if isinstance(m["value"]["content"], str)]
    values = {
        "<own>": data["own"],
        "<feedId>": picks.feed(),
        "<msgId>": picks.one(picks.key, picks.root, lambda: picks.of(data["private"]))(),
        "<blobId>": picks.blob(),
        "<channel>": "#" + picks.channel().removeprefix("#"),
        "<text>": picks.of(data["words"]),
        "<word>": picks.of(
            [w for w in data["words"] if w.isascii() and w.islower() and len(w) > SHORT]
        ),
        "<box>": picks.of(boxes)["value"]["content"],
        "<number>": picks.number(9),
        "<limit>": 1 + picks.number(50),
        "<time>": picks.of(picks.messages)["value"]["timestamp"],
        "<date>": "2026-08-21T20:19:39.000Z",
        "<signature>": picks.of(picks.messages)["value"]["signature"],
        "<address>": ADDRESS,
        "<invite>": INVITE,
    }
    return lambda name: values.get(name, name)


def _filled(shape: Any, chosen: Callable[[str], Any]) -> Any:
    if isinstance(shape, dict):
        return {name: _filled(one, chosen) for name, one in shape.items()}
    if isinstance(shape, list):
        return [_filled(one, chosen) for one in shape]
    return chosen(shape) if isinstance(shape, str) else shape
