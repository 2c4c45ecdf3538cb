"""Rates, shares and counts: how much of something each of many strangers may take.

Knows numbers by key; must never know what is counted, and reads no clock: times are arguments, in seconds of any
steady clock. Called by the services that strangers reach.
"""

import re
from collections import Counter
from typing import Final

__all__ = ["Buckets", "Shares", "Tally", "window"]

MAX_IDLE_KEYS: Final = 1_024
"""Buckets that are full again are forgotten when there are twice as many as after the last time, and this many."""

MAX_REASONS: Final = 200
"""Different reasons counted; more can only come from texts that a peer chose."""
MAX_REASON: Final = 120
"""Characters of a reason: what follows is detail."""
_NUMBER: Final = re.compile(r"(?<!phase )\d+")

FULL_WINDOW: Final = 1 << 20
"""Bytes of credit for a stream that has few beside it: the default of the bus."""
LEAST_WINDOW: Final = 16 << 10
"""Bytes of credit for one of hundreds: some dozen messages, so that it still moves."""
WINDOWS_IN_ALL: Final = 16 << 20
"""Bytes of credit for one stream of each peer together: what 16 peers get if each has a full window."""
FULL_STREAMS: Final = 4
"""Streams of one peer with a full window; all 1,024 together get some 25 MiB instead of a gigabyte."""


class Buckets:
    """Token buckets: `rate` a second for each key, `burst` of them saved up."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._levels: dict[str, tuple[float, float]] = {}
        self._sweep_at = MAX_IDLE_KEYS

    def take(self, key: str, now: float) -> bool:
        """Takes one token; false, and nothing taken, when there is none."""
        level = self._level(key, now)
        if level < 1:
            return False
        self._set(key, level - 1, now)
        return True

    def spend(self, key: str, n: int, now: float) -> float:
        """Takes `n` tokens, on credit if need be; gives the seconds until the debt is paid."""
        level = self._level(key, now) - n
        self._set(key, level, now)
        return max(0.0, -level / self._rate)

    def __len__(self) -> int:
        return len(self._levels)

    def _level(self, key: str, now: float) -> float:
        level, then = self._levels.get(key, (self._burst, now))
        return min(self._burst, level + (now - then) * self._rate)

    def _set(self, key: str, level: float, now: float) -> None:
        self._levels[key] = level, now
        if len(self._levels) > self._sweep_at:
            full = [k for k in self._levels if self._level(k, now) >= self._burst]
            for each in full:
                del self._levels[each]
            self._sweep_at = max(MAX_IDLE_KEYS, 2 * len(self._levels))


class Shares:
    """Places for many keys: each may hold half of what is free, and always `least` while there is a place.

    One key alone gets a third of all, and what a crowd of greedy ones leaves free is there for the next (the
    dynamic thresholds of Choudhury and Hahne, 1998).
    """

    def __init__(self, total: int, least: int) -> None:
        self._total = total
        self._least = least
        self._held: Counter[str] = Counter()
        self.taken = 0

    def enter(self, key: str) -> bool:
        """Takes a place for a key; false when it has its share, or none is free."""
        free = self._total - self.taken
        if free <= 0 or self._held[key] >= max(self._least, free / 2):
            self._tidy(key)
            return False
        self._held[key] += 1
        self.taken += 1
        return True

    def leave(self, key: str) -> None:
        """Gives a place back."""
        self._held[key] -= 1
        self.taken -= 1
        self._tidy(key)

    def held(self, key: str) -> int:
        """The places that a key holds."""
        return self._held.get(key, 0)

    @property
    def keys(self) -> int:
        """How many hold a place."""
        return len(self._held)

    def _tidy(self, key: str) -> None:
        if not self._held[key]:
            del self._held[key]


class Tally(Counter[str]):
    """How often what happened, by reason; numbers (but a handshake's phase) are left out, so that a peer cannot make many."""

    def note(self, reason: str) -> None:
        """Counts a reason; `other` when there are too many already."""
        reason = _NUMBER.sub("N", reason[:MAX_REASON])
        known = reason in self or len(self) < MAX_REASONS
        self[reason if known else "other"] += 1


def window(open_streams: int, peers: int = 1) -> int:
    """Bytes of credit for one more stream of a peer that has so many, where there are so many peers."""
    whole = min(FULL_WINDOW, WINDOWS_IN_ALL // max(1, peers))
    return max(LEAST_WINDOW, whole // (1 + open_streams // FULL_STREAMS))
