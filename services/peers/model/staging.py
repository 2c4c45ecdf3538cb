"""Addresses that were noticed and that somebody may want to connect to: ssb-conn-staging, with a memory of failures.

Knows entries by address, none of them saved. Must never know how they were found.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from services.peers.model.entry import Data, Entry, entry_of

__all__ = ["MAX_STAGED", "Staging"]

MAX_STAGED = 1_000
"""A full local network; announcements are for everybody to make. One more pushes out the oldest."""

LUCK = ("failure", "stateChange", "duration")
"""What is remembered of an address that was staged before."""


class Staging:
    """Who waits for approval. An address that leaves keeps its luck for when it is noticed again."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._past: dict[str, Entry] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(tuple(self._entries.values()))

    def __contains__(self, address: str) -> bool:
        return address in self._entries

    def get(self, address: str) -> Entry | None:
        """The entry of an address that is staged."""
        return self._entries.get(address)

    def past(self, address: str) -> Entry | None:
        """The entry of an address that was staged."""
        return self._past.get(address)

    def stage(self, address: str, data: Mapping[str, Any], now: int) -> bool:
        """Note an address, or refresh what is known of it; answers whether it is new."""
        known = self._entries.get(address)
        if known is not None:
            known.data = {**known.data, "stagingUpdated": now, **data}
            return False
        staged: Data = {"stagingBirth": now, "stagingUpdated": now, **data}
        entry = entry_of(address, staged)
        before = self._past.pop(address, None)
        if before is not None:
            entry.data |= {name: before.data[name] for name in LUCK if name in before.data}
            entry.next_dial, entry.wait, entry.flaps = before.next_dial, before.wait, before.flaps
            entry.error = before.error
        if len(self._entries) >= MAX_STAGED:
            self.unstage(next(iter(self._entries)))
        self._entries[address] = entry
        return True

    def unstage(self, address: str) -> Entry | None:
        """Let go of an address; answers what it was."""
        known = self._entries.pop(address, None)
        if known is not None:
            if len(self._past) >= MAX_STAGED:
                self._past.pop(next(iter(self._past)))
            self._past[address] = known
        return known
