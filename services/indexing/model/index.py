"""The fold of the log into the views: rows and positions change in one atomic write.

Decides which messages a view has not seen yet and folds them; takes out the rows of deleted ones; keeps a mark of the
last message seen, which tells whether the log is still the one that was folded. Never awaits; the store is the only
thing outside that it touches, through its port. Called by who reads the log, and read by the queries.
"""

import heapq
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from common.feed.private import Opened
from common.feed.record import Record
from common.refs import FeedId
from common.store import Batch, Store, next_prefix
from services.indexing.model.contacts import Contacts
from services.indexing.model.message import PRIVATE, PUBLIC, Message, Opens, Space, parse_value
from services.indexing.model.opened import OpenedBoxes, unpacked
from services.indexing.model.shelf import META, ROWS, Shelf
from services.indexing.model.social import Folded, Said, Social
from services.indexing.model.view import Row, View

__all__ = ["BOTH", "Index"]

BOTH: Sequence[Space] = (PUBLIC, PRIVATE)

_U64 = struct.Struct(">Q")
_MARK = b"last message"
_MARK_SIZE = 81
"""The head of a record: id, author, sequence and the time received, which no other message has."""
_ERASED = b"erasures"
_TRIED = b"keys tried"


class Index:
    """The views over a store, and the graph from our own feed's point of view."""

    def __init__(
        self, store: Store, views: Sequence[View], own: FeedId, max_hops: float, opens: Opens
    ) -> None:
        self._store = store
        self._opens = opens
        self._own = own
        self._max_hops = max_hops
        self._shelf = Shelf(store, views)
        self._erased: set[int] = set()
        self._load_graph()

    @property
    def own(self) -> FeedId:
        """Our own feed."""
        return self._own

    @property
    def front(self) -> int:
        """The last position of the log that any view has seen."""
        return self._shelf.front

    @property
    def position(self) -> int:
        """The last position of the log that every view which answers has seen."""
        return min(self.positions().values())

    @property
    def graph_position(self) -> int:
        """The last position of the log that the follow graph has seen."""
        return self._shelf.live(Contacts.name).position

    @property
    def mark(self) -> tuple[int, bytes] | None:
        """The last position that any view has seen, and how the record there begins."""
        stored = self._store.get(META, _MARK)
        return None if stored is None else (_U64.unpack(stored[:8])[0], stored[8:])

    @property
    def erasures(self) -> int:
        """The number of the last erasure that was taken out of the views."""
        return _U64.unpack(self._store.get(META, _ERASED) or bytes(8))[0]  # type: ignore[no-any-return]

    @property
    def tried(self) -> bytes:
        """The mark of the keys with which every envelope was tried; empty where none was noted."""
        return self._store.get(META, _TRIED) or b""

    def note_tried(self, keys: bytes) -> None:
        """Note that every envelope was tried with these keys.

        Raises: StoreError.
        """
        batch = Batch()
        batch.put(META, _TRIED, keys)
        self._store.write(batch, sync=False)

    def kept(self, position: int) -> Opened | None:
        """What a message holds that was opened before; None where nothing opened it."""
        slot = self._shelf.live(OpenedBoxes.name)
        kept = self._store.get(ROWS, slot.prefix(PRIVATE) + position.to_bytes(8))
        return None if kept is None else unpacked(kept)

    def positions(self) -> dict[str, int]:
        """The last position that each view has seen."""
        return {name: slot.position for name, slot in self._shelf.answering().items()}

    def building(self) -> dict[str, int]:
        """What is built anew beside the views that answer, and how far it is."""
        return {name: slot.position for name, slot in self._shelf.built().items()}

    def behind(self) -> int | None:
        """The position after which something has to be folded that others have seen; None when all are equal."""
        first = min((slot.position for slot in self._shelf.slots), default=0)
        return first if first < self.front else None

    def fold(self, first: int, records: Iterable[bytes], *, graph_only: bool = False) -> Folded:
        """Take records of the log, the first of them at position `first`.

        They go into each view that has seen what is before them and not all of them; or into the follow graph
        alone, which costs next to nothing.

        Raises: StoreError, when nothing could be written: then none of them counts.
        """
        graph = self._shelf.live(Contacts.name)
        among = [graph] if graph_only else self._shelf.slots
        slots = [slot for slot in among if slot.position >= first - 1]
        batch, position, raw = Batch(), first - 1, b""
        messages: list[Message] = []
        contacts: list[Row] = []
        for position, raw in enumerate(records, first):
            record = Record.parse(raw)
            if not record.message or position in self._erased:
                continue
            if slots != [graph] or Contacts.may_speak(record.message):
                messages.append(self.read(position, record))
        for slot in slots:  # one after the other: rows that stand together cost less to write
            seen = slot.position
            unseen = messages if seen < first else [one for one in messages if one.position > seen]
            batch.operations += slot.puts(unseen)
            if slot is graph:
                contacts = [Row(*row) for message in unseen for row in slot.view.rows(message)]
        # What the graph, which went ahead, may have passed before its key was there.
        passed = [one for one in messages if one.opened and one.position <= graph.position]
        batch.operations += graph.puts(passed)
        behind = [slot for slot in slots if position > slot.position]
        self._shelf.moved(batch, behind, position)
        if behind and position > self.front:
            batch.put(META, _MARK, _U64.pack(position) + raw[:_MARK_SIZE])
        self._store.write(batch, sync=False)
        for slot in behind:
            slot.position = position
        said = [Contacts.said(Contacts.pair(row.key), row) for row in contacts]
        again = {Contacts.pair(key) for one in passed for key, _, _ in graph.view.rows(one)}
        return self.social.take([*said, *self._said(again)])

    def late(self, messages: Iterable[Message]) -> Folded:
        """Put in the rows of messages that could not be opened when they were folded, in place of those of their boxes.

        Raises: StoreError.
        """
        batch, contacts = Batch(), set[bytes]()
        for message in messages:
            for slot in self._shelf.slots:
                if message.position <= slot.position and message.position not in self._erased:
                    for key, _, space in slot.view.rows(message.sealed()):
                        batch.delete(ROWS, slot.prefix(space) + key)
                    for key, value, space in slot.view.rows(message):
                        batch.put(ROWS, slot.prefix(space) + key, value)
                        if slot.view.name == Contacts.name:
                            contacts.add(Contacts.pair(key))
        self._store.write(batch, sync=False)
        return self.social.take(self._said(contacts))

    def erase(self, number: int, erased: Sequence[tuple[int, bytes]]) -> Folded:
        """Take deleted messages out of all views: position and old record of each; `number` is that of the last one.

        Raises: StoreError, when nothing could be written: then nothing is out.
        """
        batch, contacts = Batch(), set()
        for position, raw in erased:
            shown = self._as_folded(self.read(position, Record.parse(raw)))
            for slot in self._shelf.slots:
                for key, _, space in (row for one in shown for row in slot.view.rows(one)):
                    batch.delete(ROWS, slot.prefix(space) + key)
                    if slot.view.name == Contacts.name:
                        contacts.add(Contacts.pair(key))
        batch.put(META, _ERASED, _U64.pack(number))
        self._store.write(batch, sync=False)
        seen = min((slot.position for slot in self._shelf.slots), default=0)
        self._erased = {position for position in self._erased if position > seen}
        self._erased.update(position for position, _ in erased)
        return self.social.take(self._said(contacts))

    def views(self) -> dict[str, View]:
        """The folds, by name."""
        return {name: slot.view for name, slot in self._shelf.answering().items()}

    def messages(self, first: int, records: Iterable[bytes]) -> Iterator[tuple[int, Message]]:
        """The messages of records of the log, the first of them at position `first`; deleted ones are left out."""
        for position, raw in enumerate(records, first):
            record = Record.parse(raw)
            if record.message:
                yield position, self.read(position, record)

    def read(self, position: int, record: Record) -> Message:
        """A message of the log: its box opened where there is one for us."""
        value = parse_value(record.message)
        return Message(position, record, value, self._opens(value))

    def opened(self, position: int, record: Record) -> Message:
        """The same, with what the box holds taken from where it was kept when it was folded."""
        value = parse_value(record.message)
        if not isinstance(value["content"], str):
            return Message(position, record, value)
        slot = self._shelf.live(OpenedBoxes.name)
        if position > slot.position:
            return Message(position, record, value, self._opens(value))
        return Message(position, record, value, self.kept(position))

    def scan(
        self,
        view: str,
        start: bytes = b"",
        end: bytes | None = None,
        *,
        reverse: bool = False,
        limit: int | None = None,
        spaces: Sequence[Space] = (PUBLIC,),
    ) -> Iterator[Row]:
        """Rows of a view with start <= key < end in the order of their keys, of one moment; lazy without a limit.

        Raises: KeyError, for no view; StoreError.
        """
        slot = self._shelf.live(view)

        def part(space: Space) -> Iterator[Row]:
            prefix = slot.prefix(space)
            upto = next_prefix(prefix) if end is None else prefix + end
            pairs = self._store.scan(ROWS, prefix + start, upto, reverse=reverse, limit=limit)
            return (Row(key[len(prefix) :], value, space) for key, value in pairs)

        parts = [part(space) for space in spaces]
        if limit is not None:  # most often there is nothing private: nothing to merge costs nothing
            parts = [iter(rows) for rows in map(list, parts) if rows]
        if len(parts) <= 1:
            return parts[0] if parts else iter(())
        return islice(heapq.merge(*parts, key=lambda row: row.key, reverse=reverse), limit)

    def build(self, view: str) -> None:
        """Begin to fold a view anew, beside the one that answers.

        Raises: KeyError, for no view; StoreError.
        """
        self._shelf.build(view)

    def settle(self) -> bool:
        """Let what was built take its place, when it has seen the whole log."""
        return self._shelf.settle()

    def empty(self) -> Iterator[int]:
        """Remove what no view needs any more, in steps."""
        return self._shelf.empty()

    def size(self) -> int:
        """Bytes on the disk."""
        return self._store.size()

    def parts(self) -> list[tuple[bytes, bytes | None]]:
        """Ranges of rows that together are all: as much as is compacted at a time."""
        starts = sorted(slot.prefix(space) for slot in self._shelf.slots for space in BOTH)
        return list(zip([b"", *starts], [*starts, None], strict=True))

    def compact(self, start: bytes, end: bytes | None) -> None:
        """Give back the room of removed rows of a range. May take seconds; a call for another thread.

        Raises: StoreError.
        """
        self._store.compact(ROWS, start, end)

    def forget(self) -> None:
        """Begin every view anew: the log is another one than they were folded from."""
        self._shelf.forget()
        batch = Batch()
        batch.delete(META, _MARK)
        batch.delete(META, _ERASED)
        batch.delete(META, _TRIED)
        self._store.write(batch, sync=False)
        self._erased.clear()
        self._load_graph()

    def close(self) -> None:
        """Let go of the store."""
        self._store.close()

    def _as_folded(self, message: Message) -> list[Message]:
        """A message in each way that it may have been folded: closed, with keys that we have, or with one that is gone."""
        kept = self.kept(message.position)
        ways = [None, message.opened, kept, kept and replace(kept, group=b"")]
        return [message.with_opened(one) for n, one in enumerate(ways) if one is not None or n == 0]

    def _said(self, pairs: Iterable[bytes]) -> Iterator[Said]:
        """What the rows that are there say last of these pairs."""
        for pair in pairs:
            rows = self.scan(
                Contacts.name, pair, next_prefix(pair), reverse=True, limit=1, spaces=BOTH
            )
            yield Contacts.said(pair, next(rows, None))

    def _load_graph(self) -> None:
        rows = self.scan(Contacts.name, spaces=BOTH)
        self.social = Social(self._own, self._max_hops, Contacts.all_said(rows))
