"""Peers that lie: they answer EBT as their kind does, for as long as anybody listens."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from common.refs import FeedId
from tests.simulation.library import MESSAGE_BYTES, NOTE_BYTES, feed, number
from tests.simulation.lines import Connection, Item

if TYPE_CHECKING:
    from tests.simulation.world import World

MORE: Final = 3
"""How much more than anybody a liar claims to have, at first."""
TURN_MS: Final = 700


class Liar:
    """Claims more of every feed than there is; what it does then is its kind's."""

    def __init__(self, world: "World", own: FeedId, kind: str) -> None:
        self.world = world
        self.own = own
        self._act: Callable[[Liar, Connection], Sequence[Item]] = KINDS[kind]
        self.asked: dict[Connection, dict[FeedId, int]] = {}
        self.count = MORE

    def opened(self, connection: Connection, *, client: bool) -> None:
        """A connection stands: calls EBT."""
        self.asked[connection] = {}
        if client:
            connection.put(self.own, [Item("ebt", None)])
        else:
            self._claim(connection)
        self._turn(connection)

    def took(self, connection: Connection, items: Sequence[Item]) -> None:
        """Notes what it is asked for; notes of its own go before its first answer."""
        for item in items:
            if item.kind == "notes":
                assert isinstance(item.value, dict)
                if not self.asked[connection]:
                    self._claim(connection)
                for asked, (sequence, receive) in item.value.items():
                    if receive and sequence >= 0:
                        self.asked[connection][asked] = sequence
                    else:
                        self.asked[connection].pop(asked, None)

    def closed(self, connection: Connection) -> None:
        """A connection is over."""
        self.asked.pop(connection, None)

    def congested(self, connection: Connection, congested: bool) -> None:
        """It does not care."""

    def claims(self) -> Item:
        """Notes of all feeds, each longer than anybody has it."""
        notes = {one: (n + self.count, False) for one, n in self.world.lengths().items()}
        return Item("notes", notes, NOTE_BYTES * len(notes))

    def _claim(self, connection: Connection) -> None:
        connection.put(self.own, [self.claims()])

    def _turn(self, connection: Connection) -> None:
        if connection.up and connection in self.asked:
            items = self._act(self, connection)
            connection.put(self.own, items)
            self.world.timeline.after(TURN_MS, lambda: self._turn(connection))


def _claim_more(liar: Liar, _: Connection) -> Sequence[Item]:
    liar.count += 1
    return [liar.claims()]


def _keep_still(_: Liar, __: Connection) -> Sequence[Item]:
    return []


def _forge(liar: Liar, connection: Connection) -> Sequence[Item]:
    bodies = [liar.world.library.forge(*one) for one in _next(liar, connection, 1)]
    return [Item("body", body, MESSAGE_BYTES) for body in bodies]


def _leave_gaps(liar: Liar, connection: Connection) -> Sequence[Item]:
    return _true_ones(liar, _next(liar, connection, 2))


def _repeat(liar: Liar, connection: Connection) -> Sequence[Item]:
    return _true_ones(liar, [(one, n) for one, n in _next(liar, connection, 0) if n > 0])


def _dole_out(liar: Liar, connection: Connection) -> Sequence[Item]:
    """One true message a turn, never of every second feed: new ones come from it all the time."""
    wanted = [
        (asked, sequence + 1)
        for asked, sequence in liar.asked[connection].items()
        if number(asked) % 2 and liar.world.find(asked, sequence + 1)
    ][:1]
    for asked, sequence in wanted:
        liar.asked[connection][asked] = sequence
    return _true_ones(liar, wanted)


def _name_strangers(liar: Liar, _: Connection) -> Sequence[Item]:
    liar.count += 20
    notes = {feed(1_000_000 + liar.count + n): (n, True) for n in range(20)}
    return [Item("notes", notes, NOTE_BYTES * len(notes))]


def _next(liar: Liar, connection: Connection, step: int) -> list[tuple[FeedId, int]]:
    return [(asked, sequence + step) for asked, sequence in liar.asked[connection].items()][:5]


def _true_ones(liar: Liar, wanted: Sequence[tuple[FeedId, int]]) -> Sequence[Item]:
    found = [liar.world.find(author, sequence) for author, sequence in wanted]
    return [Item("body", m.compact, MESSAGE_BYTES) for m in found if m is not None]


KINDS: Final = {
    "claimer": _claim_more,
    "debtor": _keep_still,
    "forger": _forge,
    "gapper": _leave_gaps,
    "repeater": _repeat,
    "namer": _name_strangers,
    "miser": _dole_out,
}
