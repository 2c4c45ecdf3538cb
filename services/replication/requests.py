"""What was asked for beside the graph: feeds to replicate or not, and blocks, as clients said last.

Knows the last word on each feed and on each pair of feeds; must never know the graph or peers. One worker writes
it, what its clients ask; the others follow it over `requests.read`. Nothing of it outlives the process, as in the
reference.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from common.bus import CallerError
from common.refs import FeedId, is_feed

MAX_REQUESTS: Final = 100_000
"""Feeds that are asked for, and as many blocks: who may ask has full rights, but programs go wrong."""


class FeedAsked(NamedTuple):
    """A feed is to be replicated, or not."""

    feed: FeedId
    replicate: bool


class BlockAsked(NamedTuple):
    """The author's messages are not to be given to the target, or may be again."""

    author: FeedId
    target: FeedId
    blocking: bool


class GraphAsked(NamedTuple):
    """The graph is to count, and what was asked for of feeds within its hops is forgotten."""


Asked: TypeAlias = FeedAsked | BlockAsked | GraphAsked


class Requests:
    """The last words, and who hears the next one."""

    def __init__(self) -> None:
        self.feeds: dict[FeedId, bool] = {}
        self.blocks: dict[tuple[FeedId, FeedId], bool] = {}
        self.graph_asked = False
        self._listeners: list[Callable[[Asked], None]] = []

    def take(self, asked: Asked) -> None:
        """Takes one word, and tells it to all who listen.

        Raises:
            CallerError: there are too many already.
        """
        if isinstance(asked, FeedAsked):
            _set(self.feeds, asked.feed, asked.replicate)
        elif isinstance(asked, BlockAsked):
            _set(self.blocks, (asked.author, asked.target), asked.blocking)
        else:
            self.graph_asked = True
        for listener in list(self._listeners):
            listener(asked)

    def knows(self, asked: Asked) -> bool:
        """Whether a word was said on the same subject already."""
        if isinstance(asked, FeedAsked):
            return asked.feed in self.feeds
        if isinstance(asked, BlockAsked):
            return (asked.author, asked.target) in self.blocks
        return self.graph_asked

    def listen(self, listener: Callable[[Asked], None]) -> Callable[[], None]:
        """Calls back with each word from now on; gives back what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def __iter__(self) -> Iterator[Asked]:
        """All last words."""
        if self.graph_asked:
            yield GraphAsked()
        yield from (FeedAsked(*one) for one in self.feeds.items())
        yield from (BlockAsked(*pair, blocking) for pair, blocking in self.blocks.items())


def item_of(asked: Asked) -> dict[str, Any]:
    """The item of `requests.read`."""
    if isinstance(asked, FeedAsked):
        return {"id": asked.feed, "replicate": asked.replicate}
    if isinstance(asked, BlockAsked):
        return {"from": asked.author, "to": asked.target, "blocking": asked.blocking}
    return {"graph": True}


def asked_of(item: Mapping[str, Any]) -> Asked | None:
    """What an item of `requests.read` says; None for one that says nothing of this."""
    feed, author, target = item.get("id"), item.get("from"), item.get("to")
    if is_feed(feed):
        return FeedAsked(feed, bool(item.get("replicate")))
    if is_feed(author) and is_feed(target):
        return BlockAsked(author, target, bool(item.get("blocking")))
    return GraphAsked() if item.get("graph") else None


def _set(words: dict[Any, bool], subject: object, word: bool) -> None:
    if subject not in words and len(words) >= MAX_REQUESTS:
        raise CallerError(f"more than {MAX_REQUESTS} requests", "overloaded")
    words[subject] = word
