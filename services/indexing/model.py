"""What indexing knows: views in a store, each with its position, and the follow graph in memory.

Decides which messages a view has not seen and folds them; rows and positions change in one atomic write,
and with them a mark of the last message seen, which tells whether the log is still the one that was folded.
Never awaits; the store is the only thing outside that it touches, through its port. Called by the
follower, and read by the handlers.
"""

import struct
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, TypeAlias

import orjson

from common.feed.json import Json, parse
from common.feed.record import Record
from common.graph import Changes, Edge, Graph, Reach
from common.refs import FeedId
from common.store import Batch, Store
from services.indexing.views import VIEWS, Contacts, Message, Row

__all__ = ["META", "Folded", "Index", "Opens", "families"]

META = "meta"
BOX = ".box"
"""How content ends that is in a private box."""

Opens: TypeAlias = Callable[[str], Json | None]
"""Opens a private box; None where it is not for us."""

_STATE = struct.Struct(">IQ")
_U64 = struct.Struct(">Q")
_PURGE = 500
_MARK = b"last message"
_MARK_SIZE = 81
"""The head of a record: id, author, sequence and the time received, which no other message has."""


def families() -> list[str]:
    """The families of the store that the views need."""
    return [META, *(view.name for view in VIEWS)]


def parse_value(message: bytes) -> dict[str, Any]:
    """A message's value; the log holds only what was proven to be one."""
    try:
        value = orjson.loads(message)
    except orjson.JSONDecodeError:
        value = parse(message)
    assert isinstance(value, dict)  # noqa: S101  an invariant of the log
    return value


class Folded(NamedTuple):
    """What folding some messages did to the graph: edges in their order, and whose hops are others now."""

    edges: list[Edge]
    hops: Changes


class Index:
    """The views over a store, and the graph from our own feed's point of view."""

    def __init__(self, store: Store, own: FeedId, max_hops: float, opens: Opens) -> None:
        self._store = store
        self._opens = opens
        self._own = own
        self._max_hops = max_hops
        self._positions = {view.name: self._begin(view.name, view.version) for view in VIEWS}
        self._last = max(self._positions.values())
        self._load_graph()

    @property
    def position(self) -> int:
        """The last position of the log that every view has seen."""
        return min(self._positions.values())

    @property
    def mark(self) -> tuple[int, bytes] | None:
        """The last position that any view has seen, and how the record there begins."""
        stored = self._store.get(META, _MARK)
        return None if stored is None else (_U64.unpack(stored[:8])[0], stored[8:])

    def positions(self) -> dict[str, int]:
        """The last position that each view has seen."""
        return dict(self._positions)

    def fold(self, first: int, records: Iterable[bytes]) -> Folded:
        """Take records of the log, the first of them at position `first`.

        Raises: StoreError, when nothing could be written: then none of them counts.
        """
        batch, position, raw = Batch(), first - 1, b""
        contacts: list[Row] = []
        for position, raw in enumerate(records, first):
            record = Record.parse(raw)
            if record.message:
                contacts += self._fold_message(batch, self._read(position, record))
        behind = [view for view in VIEWS if position > self._positions[view.name]]
        for view in behind:
            batch.put(META, view.name.encode(), _STATE.pack(view.version, position))
        if position > self._last:
            batch.put(META, _MARK, _U64.pack(position) + raw[:_MARK_SIZE])
        self._store.write(batch, sync=False)
        self._positions |= {view.name: position for view in behind}
        self._last = max(self._last, position)
        for row in contacts:
            self.reach.set_edge(Contacts.edge(row))
            self._note_private(row)
        return Folded([Contacts.edge(row) for row in contacts], self.reach.changes())

    def _read(self, position: int, record: Record) -> Message:
        value = parse_value(record.message)
        content = value["content"]
        boxed = isinstance(content, str) and content.endswith(BOX)
        return Message(position, record, value, self._opens(content) if boxed else None)

    def _fold_message(self, batch: Batch, message: Message) -> list[Row]:
        contacts = []
        for view in VIEWS:
            if message.position > self._positions[view.name]:
                for row in view.rows(message):
                    batch.put(view.name, row.key, row.value)
                    if view.name == Contacts.name:
                        contacts.append(row)
        return contacts

    def is_private(self, source: FeedId, dest: FeedId) -> bool:
        """Whether what the source last said about the dest was in a private message."""
        return (source, dest) in self._private

    def scan(
        self, view: str, start: bytes, end: bytes | None, *, reverse: bool, limit: int
    ) -> Iterator[tuple[bytes, bytes]]:
        """Rows of a view in the order of their keys."""
        return self._store.scan(view, start, end, reverse=reverse, limit=limit)

    def forget(self) -> None:
        """Empty every view: the log is another one than they were folded from."""
        for view in VIEWS:
            self._empty(view.name)
            self._positions[view.name] = 0
        batch = Batch()
        batch.delete(META, _MARK)
        self._store.write(batch, sync=False)
        self._last = 0
        self._load_graph()

    def close(self) -> None:
        """Let go of the store."""
        self._store.close()

    def _begin(self, name: str, version: int) -> int:
        stored = self._store.get(META, name.encode())
        if stored is not None:
            found, position = _STATE.unpack(stored)
            if found == version:
                return int(position)
        self._empty(name)
        return 0

    def _empty(self, name: str) -> None:
        batch = Batch()
        batch.delete(META, name.encode())
        self._store.write(batch, sync=False)
        while keys := [key for key, _ in self._store.scan(name, limit=_PURGE)]:
            batch = Batch()
            for key in keys:
                batch.delete(name, key)
            self._store.write(batch, sync=False)

    def _load_graph(self) -> None:
        self.graph = Graph()
        self._private: set[tuple[FeedId, FeedId]] = set()
        for pair in self._store.scan(Contacts.name):
            self.graph.set_edge(Contacts.edge(Row(*pair)))
            self._note_private(Row(*pair))
        self.reach = Reach(self.graph, self._own, self._max_hops)

    def _note_private(self, row: Row) -> None:
        source, dest, _ = Contacts.edge(row)
        if Contacts.is_private(row):
            self._private.add((source, dest))
        else:
            self._private.discard((source, dest))
