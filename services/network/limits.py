"""What strangers may use of the server, and who is refused for a while: state and decisions, without a clock.

Knows keys, counts and bytes. Must never know sockets or what a call means. Those with full rights are not asked
about here. Times are seconds of a steady clock. The adapters ask before they begin something, and tell when it
is over.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from common.runtime.limits import Buckets, Shares, window
from services.network.permission import MASTER, Role

__all__ = ["MAX_OPEN_CALLS", "MAX_REFUSED_CALLS", "Guard", "Ledger", "Refused"]

BURST_CALLS = 2_048
"""Calls that a key may make at once: who replicates without EBT begins with one for each feed."""

MAX_OPEN_CALLS = 3_072
"""Calls of strangers open at once, in all: a service takes 4,096 from us, the rest is for those with full rights."""

LEAST_OPEN_CALLS = 16
"""Calls that every key may have open, however many others are there."""

MAX_REFUSED_CALLS = 1_000
"""Calls refused on one connection before it is closed: who does not listen to refusals is not worth them."""

MAX_REFUSED_KEYS = 4_096
"""Keys refused for a while; the oldest are forgotten first."""

MAX_REFUSAL_SECONDS = 24 * 3600
"""The longest while."""


@dataclass(slots=True)
class Refused:
    """Keys that are let in again only after a time."""

    _until: dict[str, tuple[float, str]] = field(default_factory=dict)

    def add(self, key: str, reason: str, now: float, seconds: float) -> None:
        """Refuse a key from now on for so many seconds."""
        self._until.pop(key, None)
        self._until[key] = now + min(seconds, MAX_REFUSAL_SECONDS), reason
        while len(self._until) > MAX_REFUSED_KEYS:
            del self._until[next(iter(self._until))]

    def reason(self, key: str, now: float) -> str | None:
        """Why a key is refused now; None when it is not."""
        until, reason = self._until.get(key, (now, ""))
        if until > now:
            return reason
        self._until.pop(key, None)
        return None

    def __len__(self) -> int:
        return len(self._until)


@dataclass(slots=True)
class Ledger:
    """Bytes that wait on each connection, and in all."""

    total: int = 0
    _held: dict[str, int] = field(default_factory=dict)

    def put(self, name: str, size: int) -> None:
        """Note what waits on a connection now."""
        self.total += size - self._held.get(name, 0)
        if size:
            self._held[name] = size
        else:
            self._held.pop(name, None)

    @property
    def held(self) -> Mapping[str, int]:
        """Bytes by connection, of those on which something waits."""
        return self._held


class Guard:
    """Calls of strangers: how many a second, and how many at once."""

    def __init__(self, calls_per_second: float) -> None:
        self.refused_keys = Refused()
        self._rates = Buckets(calls_per_second, max(BURST_CALLS, calls_per_second))
        self._open = Shares(MAX_OPEN_CALLS, LEAST_OPEN_CALLS)

    @property
    def open_calls(self) -> int:
        """Calls of strangers that are being carried."""
        return self._open.taken

    def try_call(self, key: str, role: Role, now: float) -> str | None:
        """Ask whether a key may call anything now; answers None, or the reason of the refusal."""
        if role == MASTER or self._rates.take(key, now):
            return None
        return "too many calls a second"

    def enter(self, key: str, role: Role) -> str | None:
        """Ask for a place for a call that is to be carried; answers None, or the reason of the refusal."""
        if role == MASTER or self._open.enter(key):
            return None
        return "too many open calls"

    def leave(self, key: str, role: Role) -> None:
        """Give the place back."""
        if role != MASTER:
            self._open.leave(key)

    def window(self, key: str, role: Role) -> int:
        """Bytes of credit for one more stream of a key."""
        if role == MASTER:
            return window(0)
        return window(self._open.held(key), self._open.keys)
