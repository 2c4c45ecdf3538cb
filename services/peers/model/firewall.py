"""Whom the door refuses, and who was refused: ssb-conn-firewall's rules.

Knows keys and times. Must never know doors: `network` asks before it lets a stranger in.
"""

from typing import Final, NamedTuple

__all__ = ["Attempt", "Firewall"]

MAX_ATTEMPTS: Final = 20
"""Attempts that are kept (ssb-conn-firewall)."""

RECENTLY_MS: Final = 60 * 60_000
"""Attempts of one key within an hour are told once."""

WANTED_MS: Final = 5 * 60_000
"""How long somebody whom we dialled may dial us, whoever it is."""

MAX_WANTED: Final = 10_000


class Attempt(NamedTuple):
    """Somebody unknown wanted in."""

    id: str
    ts: int


class Firewall:
    """The rules as they stand, and what they did."""

    def __init__(self, *, reject_blocked: bool, reject_unknown: bool) -> None:
        self.reject_blocked = reject_blocked
        self.reject_unknown = reject_unknown
        self._attempts: dict[str, int] = {}
        self._wanted: dict[str, int] = {}

    def load(self, entries: object) -> None:
        """Take the attempts that a file held; what is none is left out."""
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, list) and len(entry) == 2:
                feed, ts = entry
                if isinstance(feed, str) and isinstance(ts, int) and len(feed) < 100:
                    self._attempts[feed] = ts
        self._prune()

    def attempts(self) -> list[Attempt]:
        """Who was refused, the latest first."""
        latest = sorted(self._attempts.items(), key=lambda one: -one[1])
        return [Attempt(feed, ts) for feed, ts in latest[:MAX_ATTEMPTS]]

    def dialled(self, feed: str, now: int) -> None:
        """We wanted to talk to somebody, who may talk to us for a while."""
        self._wanted.pop(feed, None)
        if len(self._wanted) >= MAX_WANTED:
            del self._wanted[next(iter(self._wanted))]
        self._wanted[feed] = now

    def admits(self, feed: str, hops: int | None, now: int) -> bool:
        """Whether somebody may stay or come in."""
        if not self.reject_unknown or (hops is not None and hops >= -1):
            return True
        return 0 <= now - self._wanted.get(feed, -WANTED_MS - 1) <= WANTED_MS

    def refused(self, feed: str, now: int) -> Attempt | None:
        """Note an attempt; answers it when it is to be told."""
        before = self._attempts.get(feed, 0)
        self._attempts[feed] = now
        self._prune()
        return Attempt(feed, now) if before + RECENTLY_MS < now else None

    def known(self, feed: str) -> bool:
        """Somebody is followed or blocked now: the attempts are forgotten; answers whether there were any."""
        self._wanted.pop(feed, None)
        return self._attempts.pop(feed, None) is not None

    def _prune(self) -> None:
        if len(self._attempts) > MAX_ATTEMPTS:
            self._attempts = {a.id: a.ts for a in self.attempts()}
