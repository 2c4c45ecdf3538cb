"""One generation of the full-text index on the disk: tantivy in a folder of its own.

How far it is stands in a document of the index, written in the same commit as the words: a kill at any moment leaves the
state of the last commit, which is whole. Never knows the log, nor who asks. What writes blocks, and is called in a
thread; one at a time. Called by `adapters/search.py`.
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import orjson
from tantivy import (
    Document,
    FieldType,
    Index,
    IndexWriter,
    Occur,
    Query,
    SchemaBuilder,
    Searcher,
)

from common.store import StoreDamaged, StoreFull, free_bytes
from services.indexing.model.words import Entry

__all__ = ["VERSION", "Fulltext", "Matches", "State"]

VERSION = 1
"""Rises whenever the words of an old message would be others, or what is kept beside them."""
RESERVE = 32 << 20
"""Bytes of the disk left free, as the views leave them."""
_HEAP = 16 << 20
"""Bytes of memory for what is not written yet; tantivy takes no less than 15 MB."""
_STATE = "state"
_PANIC = "PanicException"
_FULL = ("No space left", "StorageFull", "os error 28")


class State(NamedTuple):
    """How far an index is: the last position of the log it has seen, and how the record there begins (in hex).

    `answers` tells that it is no longer only built beside another one; `stale` that words of deleted messages, which are
    found no more, may still stand in its files.
    """

    version: int = VERSION
    position: int = 0
    begin: str = ""
    answers: bool = False
    stale: bool = False


class Matches:
    """The messages that were found, as the index was at one moment."""

    def __init__(self, folder: Path, searcher: Searcher, query: Query) -> None:
        self._folder = folder
        self._searcher = searcher
        self._query = query

    def newest(self, skipped: int, count: int) -> list[int]:
        """Positions by claimed time, the newest first.

        Raises: StoreDamaged.
        """
        with _told(self._folder):
            found = self._searcher.search(
                self._query, limit=count, offset=skipped, count=False, order_by_field="time"
            )
            addresses = [address for _, address in found.hits]
            values = self._searcher.fast_field_values("position", addresses) if addresses else []
        return [int(value) for value in values if value is not None]


class Fulltext:
    """An index that is open.

    Raises:
        StoreDamaged: what is there is no such index, or is damaged.
        StoreFull: there is no room for it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writer: IndexWriter | None = None
        self._closed = False
        fields = SchemaBuilder()
        fields.add_text_field("words", tokenizer_name="whitespace", index_option="basic")
        fields.add_unsigned_field("position", indexed=True, fast=True)
        fields.add_float_field("time", fast=True)
        fields.add_unsigned_field("sum", fast=True)
        fields.add_text_field(_STATE, stored=True, tokenizer_name="raw", index_option="basic")
        self._schema = fields.build()
        with _told(folder):
            folder.mkdir(parents=True, exist_ok=True)
            self._index = Index(self._schema, path=str(folder))
            #: As it is on the disk, and as questions see it.
            self.committed = self._load()
        #: With all that was added since.
        self.state = self.committed

    @property
    def folder(self) -> Path:
        """Where it is."""
        return self._folder

    def add(self, entries: Sequence[Entry], position: int, begin: str) -> None:
        """Take in messages that it has not seen; then it has seen all up to a position, whose record begins so.

        Raises: StoreFull, StoreDamaged: then it is to be opened again.
        """
        if self._closed:
            return
        with _told(self._folder):
            writer = self._write()
            for entry in entries:
                document = Document()
                document.add_text("words", " ".join(entry.words))
                document.add_unsigned("position", entry.position)
                document.add_float("time", entry.time)
                document.add_unsigned("sum", entry.sum)
                writer.add_document(document)
        self.state = self.state._replace(position=position, begin=begin)

    def remove(self, positions: Sequence[int]) -> None:
        """Take out messages, if they are there; they are found no more from the next commit on.

        Raises: StoreFull, StoreDamaged: then it is to be opened again.
        """
        if self._closed:
            return
        with _told(self._folder):
            writer = self._write()
            gone = Query.term_set_query(self._schema, "position", list(positions))
            writer.delete_documents_by_query(gone)  # by term it deletes texts alone
        if any(position <= self.state.position for position in positions):
            self.state = self.state._replace(stale=True)

    def commit(self, *, answers: bool = False) -> None:
        """Write all that was done, in one; `answers` from now on.

        Raises: StoreFull, StoreDamaged: then it is to be opened again.
        """
        if self._closed:
            return
        state = self.state._replace(answers=answers or self.state.answers)
        free = free_bytes(self._folder)
        if free < RESERVE:
            raise StoreFull(f"{self._folder}: {free >> 20} MiB are free, {RESERVE >> 20} are left")
        with _told(self._folder):
            writer = self._write()
            document = Document()
            document.add_text(_STATE, _STATE)
            document.add_text(_STATE, orjson.dumps(state._asdict()).decode())
            writer.delete_documents_by_term(_STATE, _STATE)
            writer.add_document(document)
            writer.commit()
            self._index.reload()
        self.committed = self.state = state

    def find(self, terms: Sequence[str]) -> Matches:
        """The messages that have, for each of these, a word that begins so.

        Raises: StoreDamaged.
        """
        with _told(self._folder):
            parts = [
                (Occur.Must, Query.regex_query(self._schema, "words", f"{term}.*"))
                for term in terms
            ]
            return Matches(self._folder, self._index.searcher(), Query.boolean_query(parts))

    def sums(self, first: int, last: int) -> dict[int, int]:
        """The sums of the messages within these positions.

        Raises: StoreDamaged.
        """
        with _told(self._folder):
            within = Query.range_query(self._schema, "position", FieldType.Unsigned, first, last)
            searcher = self._index.searcher()
            hits = searcher.search(within, limit=last - first + 1, count=False).hits
            addresses = [address for _, address in hits]
            if not addresses:
                return {}
            positions = searcher.fast_field_values("position", addresses)
            sums = searcher.fast_field_values("sum", addresses)
        pairs = zip(positions, sums, strict=True)
        return {int(at): int(value) for at, value in pairs if at is not None and value is not None}

    def close(self) -> None:
        """Let go of the files; what was not committed is lost, and what comes still is passed over."""
        self._closed = True
        writer, self._writer = self._writer, None
        if writer is not None:
            with _told(self._folder):
                writer.rollback()
                writer.wait_merging_threads()

    def delete(self) -> None:
        """Close it and remove its files."""
        self.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _write(self) -> IndexWriter:
        if self._writer is None:
            self._writer = self._index.writer(heap_size=_HEAP, num_threads=1)
        return self._writer

    def _load(self) -> State:
        searcher = self._index.searcher()
        asked = Query.term_query(self._schema, _STATE, _STATE)
        hits = searcher.search(asked, limit=1, count=False).hits
        if not hits:
            return State()
        kept = searcher.doc(hits[0][1]).get_all(_STATE)
        return State(**orjson.loads(kept[1]))


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    """Turn what tantivy raises (ValueError, OSError, a panic) into errors of the store."""
    try:
        yield
    except (ValueError, OSError, TypeError, IndexError, RuntimeError) as error:
        text = str(error)
        if any(mark in text for mark in _FULL):
            raise StoreFull(f"{folder}: {text}") from error
        raise StoreDamaged(f"{folder}: {text}") from error
    except BaseException as error:
        if type(error).__name__ != _PANIC:
            raise
        raise StoreDamaged(f"{folder}: {error}") from error
