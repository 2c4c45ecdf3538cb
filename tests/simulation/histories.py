"""createHistoryStream at both ends of a connection: asked as the real `Histories` decides, given from a log."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from common.feed.validate import Verified
from common.gossip import Histories
from common.refs import FeedId
from tests.simulation.library import MESSAGE_BYTES
from tests.simulation.lines import Connection, Item

if TYPE_CHECKING:
    from tests.simulation.process import Process

TURN_MS = 5_000


@dataclass
class Ask:
    """One request that stands; `sequence` is the next message."""

    number: int
    feed: FeedId
    sequence: int
    live: bool


class Fetcher:
    """Asks a peer for all that is wanted."""

    def __init__(self, process: "Process", connection: Connection) -> None:
        self.is_over = False
        self._process = process
        self._connection = connection
        self._histories = Histories()
        self._asks: dict[int, Ask] = {}
        self._count = 0

    def begin(self) -> None:
        """Asks for everything."""
        self._histories.want(sorted(self._process.wanted), self._process.now)
        self._turn()

    def changed(self, added: Sequence[FeedId], removed: Sequence[FeedId]) -> None:
        """Other feeds are wanted."""
        self._histories.want(added, self._process.now)
        for feed in removed:
            self._cancel(feed)
            self._histories.drop(feed)
        self._ask()

    def gave(self, number: int, bodies: Sequence[bytes]) -> None:
        """Messages of one request came."""
        ask = self._asks.get(number)
        if ask is None:
            return
        messages = [self._process.library.read(body) for body in bodies]
        for message in messages:
            if (message.author, message.sequence) != (ask.feed, ask.sequence):
                self._histories.stop(ask.feed)
                self._cancel(ask.feed)
                return
            ask.sequence += 1
        self._process.appending.take(messages, self)

    def ended(self, number: int) -> None:
        """The peer ended a request."""
        ask = self._asks.pop(number, None)
        if ask is not None:
            self._histories.ended(ask.feed, self._process.now)

    def refused(self, feed: FeedId, reason: str) -> None:
        """The log did not take what came."""
        if reason == "fork":
            self._histories.stop(feed)
        self._cancel(feed)

    def forged(self, feed: FeedId) -> None:
        """What came was nobody's."""
        self._histories.stop(feed)
        self._cancel(feed)

    def _turn(self) -> None:
        if not self.is_over:
            self._ask()
            self._process.timeline.after(TURN_MS, self._turn)

    def _ask(self) -> None:
        for request in self._histories.next(self._process.ebt.clock, self._process.now):
            self._count += 1
            ask = Ask(self._count, request.feed, request.sequence, request.live)
            self._asks[ask.number] = ask
            self._process.put(self._connection, [Item("ask", Ask(**vars(ask)))])

    def _cancel(self, feed: FeedId) -> None:
        for ask in [ask for ask in self._asks.values() if ask.feed == feed]:
            del self._asks[ask.number]
            self._process.put(self._connection, [Item("stop", ask.number)])
            self._histories.ended(feed, self._process.now)


class Giver:
    """Gives a peer the histories it asks for."""

    def __init__(self, process: "Process", connection: Connection) -> None:
        self._process = process
        self._connection = connection
        self._live: dict[int, Ask] = {}

    def asked(self, ask: Ask) -> None:
        """A request came."""
        if self._is_blocked(ask.feed):
            self._process.put(self._connection, [Item("end", ask.number)])
            return
        self._live[ask.number] = ask
        self._give(ask, self._process.log.get(ask.feed, [])[ask.sequence - 1 :])
        if not ask.live:
            self.stopped(ask.number)
            self._process.put(self._connection, [Item("end", ask.number)])

    def stopped(self, number: int) -> None:
        """The peer wants no more of a request."""
        self._live.pop(number, None)

    def appended(self, messages: Sequence[Verified]) -> None:
        """The log grew."""
        for ask in list(self._live.values()):
            if not any(m.author == ask.feed and m.sequence == ask.sequence for m in messages):
                continue
            if self._is_blocked(ask.feed):
                self.stopped(ask.number)
                self._process.put(self._connection, [Item("end", ask.number)])
            else:
                self._give(ask, self._process.log[ask.feed][ask.sequence - 1 :])

    def _give(self, ask: Ask, messages: Sequence[Verified]) -> None:
        ask.sequence += len(messages)
        items = [Item("give", (ask.number, m.compact), MESSAGE_BYTES) for m in messages]
        self._process.put(self._connection, items)

    def _is_blocked(self, feed: FeedId) -> bool:
        peer = self._connection.other(self._process.own).own
        return (feed, peer) in self._process.blocks
