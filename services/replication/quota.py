"""How many bytes go over replication with one peer in a window of time, in both directions.

Knows counts by peer; must never know sessions. Times are milliseconds of any steady clock. Called by the hub.
"""

from dataclasses import dataclass
from typing import Final

from common.refs import FeedId

MAX_PEERS: Final = 4_096
"""Peers remembered: of more those whose window began first are forgotten."""


@dataclass(slots=True)
class _Window:
    since: float
    spent: int = 0


class Quota:
    """Windows of all peers, each beginning with the first byte after the one before; without a maximum nothing counts."""

    def __init__(self, max_bytes: int, window_ms: float) -> None:
        self._max_bytes = max_bytes
        self._window_ms = window_ms
        self._windows: dict[FeedId, _Window] = {}

    def spend(self, peer: FeedId, n: int, now: float) -> bool:
        """Counts bytes; true when with them the peer has used up its own."""
        if not self._max_bytes:
            return False
        window = self._windows.get(peer)
        if window is None or now - window.since >= self._window_ms:
            self._windows.pop(peer, None)
            window = self._windows[peer] = _Window(now)
            if len(self._windows) > MAX_PEERS:
                del self._windows[next(iter(self._windows))]
        before, window.spent = window.spent, window.spent + n
        return before < self._max_bytes <= window.spent

    def excess(self, peer: FeedId) -> int:
        """The bytes that the peer had beyond its own, in its last window."""
        window = self._windows.get(peer)
        return 0 if window is None else max(0, window.spent - self._max_bytes)

    def rest_ms(self, peer: FeedId, now: float) -> float:
        """How long the peer has to rest: until the window is over in which it used up its bytes; 0 for one that has some."""
        window = self._windows.get(peer)
        if window is None or window.spent < self._max_bytes:
            return 0
        return max(0, window.since + self._window_ms - now)
