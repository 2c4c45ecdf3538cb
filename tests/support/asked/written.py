"""Calls that write and delete (`publish`, `private.publish`, `del`), and `createRawLogStream`, which tells of places in the log.

A bound `{"$place": n}` stands for the place of the nth message, which differs from server to server.
"""

from typing import Any

from tests.support.asked.picks import Picks
from tests.support.asking import Question

__all__ = ["deletions", "places", "publications"]

KINDS = (
    "post",
    "post",
    "vote",
    "about",
    "contact",
    "x",
    "a-type-of-fifty-two-characters-as-many-as-are-allow",
)


def _recipients(p: Picks) -> Any:
    """Mostly a list of feeds, as clients write them."""
    feeds = [p.feed() for _ in range(p.one(1, 1, 2, 3, 5, 7, 8, 9))]
    named: list[Any] = [p.one(one, {"link": one, "name": "x"}) for one in feeds]
    return p.one(
        feeds,
        [p.data["own"], *feeds[:6]],
        [p.data["own"]],
        named,
        [*feeds[:3], p.often(p.bent(), 0.5)],
        p.odd(),
        p.feed(),
    )


def _content(p: Picks) -> Any:
    content: dict[str, Any] = {"type": p.often(p.of(KINDS), 0.05)}
    content |= p.given(
        {
            "text": lambda: p.often(" ".join(p.of(p.data["words"]) for _ in range(p.number(20)))),
            "root": p.root,
            "mentions": lambda: [{"link": p.linked(), "name": "x"}],
            "vote": lambda: {"link": p.linked(), "value": p.one(1, 0, -1, 0.5, 1e21)},
        },
        0.4,
    )
    return p.often(content, 0.03)


def publications(p: Picks, count: int) -> list[Question]:
    """That many calls of either method."""
    made = []
    for _ in range(count):
        content = _content(p)
        boxed = {**content, "recps": _recipients(p)} if isinstance(content, dict) else content
        made.append(Question("publish", [boxed]))
        forms: list[list[Any]] = [[_content(p), _recipients(p)]] * 12 + [[_content(p)], []]
        made.append(Question("private.publish", p.of(forms)))
    return made


def deletions(p: Picks, count: int) -> list[Question]:
    """That many: messages, whole feeds, and what is neither."""
    feeds = iter(p.data["feeds"][-2:])
    made = []
    for n in range(count):
        target = p.one(p.key, p.key, p.key, p.bent, p.odd, lambda: p.data["nowhere"])()
        made.append(Question("del", [next(feeds, target) if n % 40 == 39 else target]))
    return made


def _place(p: Picks) -> Any:
    return {"$place": p.number(len(p.messages))}  # what is none is a byte within a message there


def places(p: Picks, count: int) -> list[Question]:
    """That many calls of `createRawLogStream`."""
    made = []
    for _ in range(count):
        options = p.given({p.one("gt", "gte"): lambda: _place(p)}, 0.4)
        options |= p.given({p.one("lt", "lte"): lambda: _place(p)}, 0.4)
        options |= p.given({"reverse": p.flag, "private": p.flag}, 0.4)
        options |= p.given({"limit": p.limit}, 0.8)
        made.append(Question("createRawLogStream", [options], "source"))
    return made
