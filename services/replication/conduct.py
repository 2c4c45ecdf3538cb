"""How much useless work each peer makes, and when it is too much.

Knows points by peer; must never know messages. Times are milliseconds of any steady clock. Called by the streams.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from common.refs import FeedId

WINDOW_MS: Final = 60_000
MAX_POINTS: Final = 100_000
"""In one window: a message that nobody needs costs some six microseconds, so this is one percent of a processor."""
USELESS_POINTS: Final = 1
"""A message that is known, out of order, or of a feed that was not asked for: honest peers send some thousands
when two of them send the same feed for a moment. An answer to what was asked costs nothing the first time (`answers`)."""
FORGED_POINTS: Final = 10_000
"""A message that nobody signed or nobody may send: each ends a session and is verified with up to a thousand
others. No honest peer sends one, but one with another network's key does, once for each feed."""
REFUSED_SECONDS: Final = 600
"""How long a peer is refused then."""
MAX_PEERS: Final = 4_096
"""Peers remembered: of more the oldest are forgotten."""


@dataclass(slots=True)
class _Record:
    since: float
    points: int = 0


class Conduct:
    """Points of all peers; `expel` is called with the peer when it has too many, once in a window."""

    def __init__(self, own: FeedId, expel: Callable[[FeedId], None]) -> None:
        self._own = own
        self._expel = expel
        self._records: dict[FeedId, _Record] = {}

    def note(self, peer: FeedId, points: int, now: float) -> None:
        """Counts points; the own key may do what it likes."""
        if not points or peer == self._own:
            return
        record = self._records.get(peer)
        if record is None or now - record.since > WINDOW_MS:
            self._records.pop(peer, None)
            record = self._records[peer] = _Record(now)
            if len(self._records) > MAX_PEERS:
                del self._records[next(iter(self._records))]
        before, record.points = record.points, record.points + points
        if before < MAX_POINTS <= record.points:
            self._expel(peer)
