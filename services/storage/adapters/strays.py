"""Messages that came out of order: asked for by their ids, of feeds that are not in the log, and kept beside it.

    ooo  key -> record      ooo_ages  number -> key, rising in the order in which they came

Knows that there are few of them: of more than MAX_STRAYS the oldest go. They are no part of the log: nobody follows
them, and a feed that is replicated later brings its messages again. The database makes it.
"""

from collections.abc import Sequence
from struct import Struct
from typing import Final

from common.feed.record import Candidate, pack_record
from common.store import Batch, Store

__all__ = ["FAMILIES", "MAX_STRAYS", "Strays"]

FAMILIES: Final = ("ooo", "ooo_ages")
MAX_STRAYS: Final = 10_000
"""Some 10 MB, 80 at most."""
_U64 = Struct(">Q")


class Strays:
    """Reads and writes over the store of the log."""

    def __init__(self, store: Store) -> None:
        self._store = store
        first = [key for key, _ in store.scan("ooo_ages", limit=1)]
        last = [key for key, _ in store.scan("ooo_ages", reverse=True, limit=1)]
        self._last = _U64.unpack(last[0])[0] if last else 0
        self._first = _U64.unpack(first[0])[0] if first else 1

    def find(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Records by the raw keys of their messages."""
        return self._store.get_many("ooo", keys)

    def put(self, messages: Sequence[Candidate], received: float) -> None:
        """Keeps messages (fewer than MAX_STRAYS) that were verified; `received` is in milliseconds since 1970.

        Raises: StoreError.
        """
        known = self.find([message.key for message in messages])
        batch, last = Batch(), self._last
        for message, record in zip(messages, known, strict=True):
            if record is None:
                last += 1
                batch.put("ooo_ages", _U64.pack(last), message.key)
                batch.put("ooo", message.key, _record(message, received))
        first = max(self._first, last - MAX_STRAYS + 1)
        for number in range(self._first, min(first, self._last + 1)):
            age = _U64.pack(number)
            if (key := self._store.get("ooo_ages", age)) is not None:
                batch.delete("ooo", key)
            batch.delete("ooo_ages", age)
        self._store.write(batch, sync=False)
        self._first, self._last = first, last


def _record(message: Candidate, received: float) -> bytes:
    return pack_record(message.key, message.author, message.sequence, received, message.message)
