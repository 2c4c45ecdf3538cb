"""How much useless work each peer makes, when it is too much, and for how long the peer is refused then.

Knows points and offences by peer; must never know messages. Times are milliseconds of any steady clock. Called by the streams.
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
FIRST_REFUSAL_SECONDS: Final = 60.0
"""How long a peer is refused the first time; twice as long each further time."""
LONGEST_REFUSAL_SECONDS: Final = 6 * 3_600.0
FORGET_MS: Final = 24 * 3_600_000
"""Offences are forgotten when none was added for so long."""
TOO_MUCH: Final = "sent too much that is useless"
FORGED: Final = "sent a message that is not valid"
"""One that nobody signed or nobody may send: each is verified with up to a thousand others. No honest peer sends
one, but one with another network's key does; the feed is not asked of it again."""
MAX_PEERS: Final = 4_096
"""Peers remembered: of more the oldest are forgotten."""


@dataclass(slots=True)
class _Record:
    since: float
    points: int = 0
    offences: int = 0
    offended_at: float = 0.0


class Conduct:
    """Points and offences of all peers.

    `expel` is called with the peer, the seconds for which it is to be refused, and why.
    """

    def __init__(self, own: FeedId, expel: Callable[[FeedId, float, str], None]) -> None:
        self._own = own
        self._expel = expel
        self._records: dict[FeedId, _Record] = {}

    def note(self, peer: FeedId, points: int, now: float) -> None:
        """Counts points; the own key may do what it likes."""
        if not points or peer == self._own:
            return
        record = self._record(peer, now)
        if now - record.since > WINDOW_MS:
            record.since, record.points = now, 0
        before, record.points = record.points, record.points + points
        if before < MAX_POINTS <= record.points:
            self._offended(peer, record, TOO_MUCH, now)

    def forged(self, peer: FeedId, now: float) -> None:
        """The peer sent what nobody signed or nobody may."""
        if peer != self._own:
            self._offended(peer, self._record(peer, now), FORGED, now)

    def _record(self, peer: FeedId, now: float) -> _Record:
        """The peer's record, which is the newest from now on."""
        record = self._records.pop(peer, None) or _Record(now)
        self._records[peer] = record
        if len(self._records) > MAX_PEERS:
            del self._records[next(iter(self._records))]
        return record

    def _offended(self, peer: FeedId, record: _Record, why: str, now: float) -> None:
        if now - record.offended_at > FORGET_MS:
            record.offences = 0
        seconds = FIRST_REFUSAL_SECONDS * 2 ** min(record.offences, 30)
        record.offences, record.offended_at = record.offences + 1, now
        self._expel(peer, min(seconds, LONGEST_REFUSAL_SECONDS), why)
