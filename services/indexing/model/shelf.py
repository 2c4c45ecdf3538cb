"""Where the rows of each view stand in the store: a slot for each generation of a view, with its position.

A view has one slot that answers. While another version is built, or the view is built anew, there is a second one
beside it, which takes its place when it has seen the whole log. Slots that are of no use any more are emptied in
small steps. Knows slots, never what rows mean. Called by the fold.
"""

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from common.store import Batch, Store, next_prefix
from services.indexing.model.message import PRIVATE, PUBLIC, Message, Space
from services.indexing.model.view import View

__all__ = ["FAMILIES", "META", "ROWS", "Shelf", "Slot"]

META = "meta"
ROWS = "rows"
FAMILIES = (META, ROWS)

_SLOT = b"slot"
_LIVE = b"live"
_STATE = struct.Struct(">IQ")
_NUMBER = struct.Struct(">H")
_GONE = 0
"""The version of a slot whose rows are to be removed; versions of views begin at 1."""
_STEP = 500
"""Rows removed at a time."""


@dataclass(slots=True, eq=False)
class Slot:
    """One generation of a view; `position` is the last one of the log that it has seen."""

    number: int
    view: View
    version: int
    position: int
    _prefixes: Mapping[Space, bytes] = field(init=False)

    def __post_init__(self) -> None:
        number = _NUMBER.pack(self.number)
        self._prefixes = {space: number + space for space in (PUBLIC, PRIVATE)}

    def prefix(self, space: Space) -> bytes:
        """What the keys of its rows begin with."""
        return self._prefixes[space]

    def puts(self, messages: Iterable[Message]) -> list[tuple[str, bytes, bytes]]:
        """The operations of a batch that put in the rows of messages."""
        rows_of, prefixes = self.view.rows, self._prefixes
        return [
            (ROWS, prefixes[space] + key, value)
            for message in messages
            for key, value, space in rows_of(message)
        ]


class Shelf:
    """The slots of all views, as the store has them."""

    def __init__(self, store: Store, views: Sequence[View]) -> None:
        self._store = store
        self._views = {view.name: view for view in views}
        self._live: dict[str, Slot] = {}
        self._built: dict[str, Slot] = {}
        self._gone: set[int] = set()
        self._taken: set[int] = set()
        self._load()

    @property
    def slots(self) -> list[Slot]:
        """All that are folded into."""
        return [*self._live.values(), *self._built.values()]

    @property
    def front(self) -> int:
        """The last position that any view has seen."""
        return max((slot.position for slot in self.slots), default=0)

    def live(self, view: str) -> Slot:
        """The slot that answers for a view.

        Raises: KeyError, for no view.
        """
        return self._live[view]

    def answering(self) -> Mapping[str, Slot]:
        """The slots that answer, by view."""
        return self._live

    def built(self) -> Mapping[str, Slot]:
        """What is built beside them."""
        return self._built

    def build(self, view: str) -> Slot:
        """Begin a view anew, beside what answers; what was begun before is given up.

        Raises: KeyError, for no view.
        """
        before = self._built.get(view)
        with self._changes([before] if before else []) as batch:
            slot = self._add(batch, self._views[view])
        self._built[view] = slot
        return slot

    def moved(self, batch: Batch, slots: Sequence[Slot], position: int) -> None:
        """Note in a batch how far these slots are with it."""
        for slot in slots:
            batch.put(META, _key(slot.number), _packed(slot, position))

    def settle(self) -> bool:
        """Let what was built and has seen all that the others have take its place; true when anything did."""
        ready = [slot for slot in self._built.values() if slot.position >= self.front]
        if not ready:
            return False
        with self._changes([self._live[slot.view.name] for slot in ready]) as batch:
            for slot in ready:
                self._answers(batch, slot)
        for slot in ready:
            self._live[slot.view.name] = self._built.pop(slot.view.name)
        return True

    def forget(self) -> None:
        """Begin every view anew: the log is another one than they were folded from."""
        with self._changes(self.slots) as batch:
            slots = {name: self._add(batch, view) for name, view in self._views.items()}
            for slot in slots.values():
                self._answers(batch, slot)
        self._live, self._built = slots, {}

    def empty(self) -> Iterator[int]:
        """Remove what is of no use, some rows with each step; gives how many there were."""
        for number in sorted(self._gone):
            start = _NUMBER.pack(number)
            end = next_prefix(start)
            while keys := [key for key, _ in self._store.scan(ROWS, start, end, limit=_STEP)]:
                batch = Batch()
                for key in keys:
                    batch.delete(ROWS, key)
                self._store.write(batch, sync=False)
                yield len(keys)
            batch = Batch()
            batch.delete(META, _key(number))
            self._store.write(batch, sync=False)
            self._gone.discard(number)
            self._taken.discard(number)

    def _load(self) -> None:
        found: dict[int, Slot] = {}
        for key, state in self._store.scan(META, _SLOT, next_prefix(_SLOT)):
            (number,) = _NUMBER.unpack(key[len(_SLOT) :])
            version, position = _STATE.unpack_from(state)
            view = self._views.get(state[_STATE.size :].decode())
            self._taken.add(number)
            if version == _GONE or view is None:
                self._gone.add(number)
            else:
                found[number] = Slot(number, view, version, position)
        batch = Batch()
        for view in self._views.values():
            self._place(batch, view, found)
        for slot in found.values():
            batch.put(META, _key(slot.number), _packed(slot, 0, _GONE))
            self._gone.add(slot.number)
        self._store.write(batch, sync=False)

    def _place(self, batch: Batch, view: View, found: dict[int, Slot]) -> None:
        """Decide which of the slots found answers for a view, and which one is built; takes them out."""
        raw = self._store.get(META, _LIVE + view.name.encode())
        number = _NUMBER.unpack(raw)[0] if raw else 0
        slot = found.get(number)
        live = None
        if slot is not None and slot.version in {view.version, *view.reads}:
            live = found.pop(number)
        built = next(
            (s for s in found.values() if s.view is view and s.version == view.version), None
        )
        if built is not None:
            del found[built.number]
        elif live is None or live.version != view.version:
            built = self._add(batch, view)
        if live is None:
            live, built = built, None
            assert live is not None  # noqa: S101  it was found or made
            self._answers(batch, live)
        self._live[view.name] = live
        if built is not None:
            self._built[view.name] = built

    def _add(self, batch: Batch, view: View) -> Slot:
        number = next(n for n in range(1, 1 << 16) if n not in self._taken)
        self._taken.add(number)
        slot = Slot(number, view, view.version, 0)
        batch.put(META, _key(number), _packed(slot, 0))
        return slot

    @staticmethod
    def _answers(batch: Batch, slot: Slot) -> None:
        batch.put(META, _LIVE + slot.view.name.encode(), _NUMBER.pack(slot.number))

    @contextmanager
    def _changes(self, dropped: Sequence[Slot]) -> Iterator[Batch]:
        """A batch that drops these slots, to be filled; it is written in the end, and only then they are gone."""
        batch = Batch()
        for slot in dropped:
            batch.put(META, _key(slot.number), _packed(slot, 0, _GONE))
        yield batch
        self._store.write(batch, sync=False)
        self._gone.update(slot.number for slot in dropped)


def _key(number: int) -> bytes:
    return _SLOT + _NUMBER.pack(number)


def _packed(slot: Slot, position: int, version: int | None = None) -> bytes:
    kept = slot.version if version is None else version
    return _STATE.pack(kept, position) + slot.view.name.encode()
