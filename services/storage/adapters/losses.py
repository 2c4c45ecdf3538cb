"""Messages whose text was damaged, and is to come again from peers.

    meta  `lost` and a key -> position, author, sequence

Knows places and puts texts back in them; decides nothing. What the header of such a record says stays true, so that the
feed is served up to it, as with a deleted message. The database makes it.
"""

from collections.abc import Sequence
from struct import Struct
from typing import Final, NamedTuple

from common.feed.record import Candidate, Record, RecordError, pack_record
from common.store import Batch, Store, StoreError
from services.storage.adapters.marks import Marks
from services.storage.chain import Place

__all__ = ["Losses"]

TICK: Final = 0.001
"""Milliseconds between two messages that came at once (`RisingClock`)."""
MAX_STEPS: Final = 1_000
"""Records that are looked at in each direction to find one that can be read."""
_LOST: Final = b"lost"
_PLACE = Struct(">Q32sQ")
_U64 = Struct(">Q")
_FEED = Struct(">32sQ")


class _Loss(NamedTuple):
    position: int
    author: bytes
    sequence: int


class Losses:
    """What is lost, over the store of the log."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._marks = Marks(store, _LOST)
        self._lost = {key: _Loss(*_PLACE.unpack(raw)) for key, raw in self._marks.all().items()}

    def __contains__(self, key: bytes) -> bool:
        return key in self._lost

    def lose(self, lost: Sequence[tuple[int, Place]]) -> None:
        """Leave nothing but the headers of messages at these positions, and wait for their texts.

        Raises: StoreError.
        """
        batch, losses = Batch(), {}
        for position, (key, author, sequence) in lost:
            place = _U64.pack(position)
            batch.put(
                "log", place, pack_record(key, author, sequence, self._received(position), b"")
            )
            batch.put("ids", key, place)
            batch.put("feeds", _FEED.pack(author, sequence), place)
            self._marks.put(batch, key, _PLACE.pack(position, author, sequence))
            losses[key] = _Loss(position, author, sequence)
        self._store.write(batch, sync=True)
        self._lost |= losses

    def restore(self, messages: Sequence[Candidate]) -> list[Candidate]:
        """Put verified messages back in their places; gives those that were no loss.

        Raises: StoreError.
        """
        batch, others = Batch(), []
        for message in messages:
            loss = self._lost.get(message.key)
            if loss is None or (message.author, message.sequence) != loss[1:]:
                others.append(message)
                continue
            place = _U64.pack(loss.position)
            record = pack_record(*message[:3], self._received(loss.position), message.message)
            batch.put("log", place, record)
            self._marks.delete(batch, message.key)
        if batch:
            self._store.write(batch, sync=True)
            for message in messages:
                if message not in others:
                    del self._lost[message.key]
        return others

    def of(self, author: bytes) -> list[bytes]:
        """The keys of what is lost of a feed."""
        return [key for key, loss in self._lost.items() if loss.author == author]

    def drop(self, keys: Sequence[bytes]) -> list[bytes]:
        """Wait no longer for messages, which their owner deletes; gives those that were lost.

        Raises: StoreError.
        """
        dropped = [key for key in keys if key in self._lost]
        batch = Batch()
        for key in dropped:
            self._marks.delete(batch, key)
        if dropped:
            self._store.write(batch, sync=True)
        for key in dropped:
            del self._lost[key]
        return dropped

    def _received(self, position: int) -> float:
        """When the record at a position was received, or a time between those of its neighbours that can be read."""
        here = self._time(position)
        if here is not None:
            return here
        steps_back, before = self._nearest(position, -1)
        steps_on, after = self._nearest(position, 1)
        if before is None or after is None:
            return (before or 0.0) + TICK * steps_back if after is None else after - TICK * steps_on
        return before + (after - before) * steps_back / (steps_back + steps_on)

    def _nearest(self, position: int, step: int) -> tuple[int, float | None]:
        """How far the next record is that can be read, and when it was received."""
        for steps in range(1, MAX_STEPS + 1):
            time = self._time(position + step * steps)
            if time is not None:
                return steps, time
        return MAX_STEPS, None

    def _time(self, position: int) -> float | None:
        if position < 1:
            return None
        try:
            raw = self._store.get("log", _U64.pack(position))
            return Record.parse(raw).received if raw else None
        except (StoreError, RecordError):
            return None
