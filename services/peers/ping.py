"""The conversation of `gossip.ping`: time stamps thrown to and fro, which keeps an idle connection alive.

Knows the turns of pull-ping: whoever served last waits for the volley, whoever volleyed serves next, after a
pause. Must never know streams or clocks: times are arguments, in ms since 1970.
"""

from dataclasses import dataclass, field

from services.peers.statistic import Statistic

__all__ = ["DEFAULT_PAUSE_MS", "Ping", "pause"]

DEFAULT_PAUSE_MS = 5 * 60_000
MIN_PAUSE_MS = 10_000
MAX_PAUSE_MS = 30 * 60_000


def pause(wanted_ms: float | None) -> int:
    """The pause before serving again that a configuration asks for, held between 10 s and 30 min."""
    return int(max(MIN_PAUSE_MS, min(wanted_ms or DEFAULT_PAUSE_MS, MAX_PAUSE_MS)))


@dataclass(slots=True)
class Ping:
    """One side of the conversation. `rtt` is the round trip in ms, `skew` how far their clock is ahead."""

    rtt: Statistic = field(default_factory=Statistic)
    skew: Statistic = field(default_factory=Statistic)
    _served_at: int | None = None

    def serve(self, now: int) -> int:
        """Begin a round: the number to send."""
        self._served_at = now
        return now

    def receive(self, stamp: float, now: int) -> int | None:
        """Take a number of the other side: the number to send back, after which a pause and `serve` follow.

        None when it answered our own round: then it is their turn to pause and to serve.
        """
        if self._served_at is None:
            return now
        self.rtt.add(now - self._served_at)
        self.skew.add(stamp - (now + self._served_at) / 2)
        self._served_at = None
        return None
