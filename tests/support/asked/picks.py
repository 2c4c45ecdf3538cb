"""Seeded choices among what the crowd of `social.js` said, and among what stands where something else belongs."""

import random
from collections.abc import Callable, Sequence
from typing import Any

from tests.support.asking import Question

ODD: tuple[Any, ...] = (None, True, False, 0, 1, -1, 1.5, "", "x", "1", [], [1], {}, {"a": 1})
"""What stands where something else belongs."""

Maker = Callable[["Picks"], Question]
"""Makes one call of its method."""


class Picks:
    """Choices from a seed; `data` is what social.js wrote."""

    def __init__(self, seed: int, data: dict[str, Any]) -> None:
        self._random = random.Random(seed)
        self.data = data
        self.messages: list[dict[str, Any]] = data["messages"]
        self._contents = [
            m["value"]["content"] for m in self.messages if isinstance(m["value"]["content"], dict)
        ]
        self._kinds = sorted({c["type"] for c in self._contents})

    def one(self, *values: Any) -> Any:
        """One of these."""
        return self._random.choice(values)

    def of(self, values: Sequence[Any]) -> Any:
        """One of this list."""
        return self._random.choice(values)

    def number(self, below: int) -> int:
        """A number from 0."""
        return self._random.randrange(below)

    def chance(self, part: float) -> bool:
        """True that often."""
        return self._random.random() < part

    def odd(self) -> Any:
        """Something that belongs nowhere."""
        return self._random.choice(ODD)

    def often(self, value: Any, part: float = 0.06) -> Any:
        """The value; something odd that seldom."""
        return self.odd() if self.chance(part) else value

    def feed(self) -> str:
        """A feed: one of the crowd, our own oftener, seldom one that only others name."""
        feeds = [*self.data["feeds"], self.data["own"], self.data["far"]]
        return str(self._random.choice(feeds))

    def key(self) -> str:
        """Any message's id."""
        return str(self._random.choice(self.messages)["key"])

    def bent(self) -> str:
        """An id that is none, or of something else."""
        whole = self.one(self.feed, self.key, self.blob)()
        kind = whole.rsplit(".", 1)[1]
        return str(
            self.one(
                whole[:-1],
                whole[1:],
                whole[: 2 + self.number(40)] + "." + kind,
                whole + "?a=b",
                whole.replace(kind, "sha512"),
                self.one("@", "%", "&") + whole[1:],
            )
        )

    def root(self) -> Any:
        """What some message calls its root."""
        return self._member("root")

    def linked_message(self) -> str:
        """A message that others call their root."""
        roots = [c["root"] for c in self._contents if str(c.get("root")).endswith(".sha256")]
        return str(self._random.choice([one for one in roots if isinstance(one, str)]))

    def linked(self) -> Any:
        """A message, feed, blob or channel that others point at."""
        return self.one(
            self.root,
            self.root,
            self.feed,
            self.key,
            self.blob,
            lambda: "#" + str(self.channel()).removeprefix("#"),
            lambda: self.data["nowhere"],
            lambda: self.of(self.data["gatherings"]),
            lambda: self.of(self.data["private"]),
        )()

    def blob(self) -> str:
        """A blob that is mentioned."""
        return str(self.of(self.data["blobs"]))

    def channel(self) -> str:
        """A channel as somebody writes it."""
        return str(self.of(self.data["channels"]))

    def kind(self) -> str:
        """A type of content, often one of those with many messages."""
        return str(self.one("post", "about", "vote", "contact", "channel", *self._kinds, "none"))

    def time(self) -> Any:
        """A claimed time, or one near it."""
        claimed = self._random.choice(self.messages)["value"]["timestamp"]
        return self.one(claimed, claimed, claimed, claimed + 0.5, 0, 1e15)

    def received(self) -> Any:
        """A time of receipt: each server puts its own in."""
        return {
            "$received": self._random.randrange(len(self.messages)),
            "plus": self.one(0, 0, 0.0001),
        }

    def given(self, options: dict[str, Callable[[], Any]], part: float = 0.4) -> dict[str, Any]:
        """Some of these options."""
        return {name: value() for name, value in options.items() if self.chance(part)}

    def limit(self) -> Any:
        """How many items are wanted."""
        return self.often(self.one(0, 1, 2, 3, 5, 10, 50, 1000, -1), 0.08)

    def flag(self) -> Any:
        """Mostly true or false."""
        return self.often(self.one(True, False), 0.1)

    def _member(self, name: str) -> Any:
        found = [c[name] for c in self._contents if isinstance(c.get(name), str)]
        return self._random.choice(found)
