"""The log read from its beginning and held against itself: every message, every feed, and all that is derived from it.

Knows the families and where a record may be unreadable; what is right decides `chain`. With repair it puts right what
is derived, and leaves a header where a text is of no use, so that peers can be asked for it; no message that proves
itself is touched. Goes on beside everything else: signatures in a thread, the rest in small pieces. Called by the
handlers.
"""

import asyncio
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from struct import Struct
from typing import Final

from common.feed.record import Record, RecordError
from common.feed.validate import Verified, verify_batch
from common.runtime.turns import Turns
from common.store import Batch, Store, StoreDamaged
from services.storage.adapters.losses import Losses
from services.storage.adapters.salvage import readable
from services.storage.chain import (
    CHAIN,
    INDEX,
    LOST,
    MESSAGE,
    MISSING,
    Chain,
    Place,
    Problem,
    wrong,
)
from services.storage.model import Head, Log

__all__ = ["Checker"]

SLICE: Final = 100
"""Records between two turns for others."""
ROWS: Final = 1_000
BOTH: Final = 2
UNREADABLE: Final = "nothing can be read there"
NO_RECORD: Final = "what is there is no record"
DAMAGED: Final = "parts of the files cannot be read"
NOWHERE: Final = "nothing leads to it, and it has no text"
_U64 = Struct(">Q")
_FEED = Struct(">32sQ")
_HEAD = Struct(">Q32sQ")


class Checker:
    """One check of one log; `told` are the problems that were found since they were last taken."""

    def __init__(
        self, store: Store, losses: Losses, log: Log, hmac_key: bytes | None, *, repair: bool
    ) -> None:
        self._store = store
        self._losses = losses
        self._log = log
        self._hmac_key = hmac_key
        self._repair = repair
        self._chain = Chain()
        self._lost: dict[int, tuple[Place | None, str, str]] = {}
        self.end = log.position
        self.told: list[Problem] = []
        #: Whether parts of the files cannot be read.
        self.damaged = False

    async def run(self) -> AsyncIterator[int]:
        """The check; gives the last position that was looked at, again and again.

        Raises: StoreError, when a repair could not be written.
        """
        position = 0
        while position < self.end:
            first, position = position + 1, min(position + SLICE, self.end)
            raws = self._many("log", [_U64.pack(n) for n in range(first, position + 1)])
            await self._take(first, raws)
            yield position
        await self._identify()
        for part in (self._tell_lost(), self._tell_gaps(), self._check_heads()):
            async for _ in part:
                yield self.end
        async for _ in self._check_rows():
            yield self.end
        if self.damaged:
            self.told.append(Problem(MISSING, 0, DAMAGED, mended=self._repair))

    async def _take(self, first: int, raws: Sequence[bytes | None]) -> None:
        records = {n: record for n, raw in enumerate(raws, first) if (record := _parsed(raw))}
        for n, raw in enumerate(raws, first):
            if n not in records:
                self._lost[n] = (None, MISSING, UNREADABLE if raw is None else NO_RECORD)
        texts = {n: record.message for n, record in records.items() if record.message}
        verdicts = await asyncio.to_thread(verify_batch, list(texts.values()), self._hmac_key)
        judged = dict(zip(texts, verdicts, strict=True))
        known = self._indexed(records)
        for n, record in records.items():
            verdict = judged.get(n)
            why = wrong(record, verdict) if verdict is not None else None
            if why is not None or (verdict is None and not known[n]):
                place = _place(record) if known[n] else None
                self._lost[n] = (place, MESSAGE if why else MISSING, why or NOWHERE)
                continue
            proven = verdict if isinstance(verdict, Verified) else None
            if known[n] < BOTH:
                self._mend_rows(n, record)
            if why := self._chain.take(n, record, proven):
                self.told.append(Problem(CHAIN, n, why, _place(record)))
            if proven is None and record.key in self._losses:
                why = "its text is to come from peers"
                self.told.append(Problem(LOST, n, why, _place(record), mended=self._repair))

    def _indexed(self, records: dict[int, Record]) -> dict[int, int]:
        """How many of `ids` and `feeds` lead to each of these records."""
        all_records = list(records.values())
        by_id = self._many("ids", [one.key for one in all_records])
        by_feed = self._many("feeds", [_FEED.pack(one.author, one.sequence) for one in all_records])
        found = zip(records, by_id, by_feed, strict=True)
        return {n: (a, b).count(_U64.pack(n)) for n, a, b in found}

    def _mend_rows(self, position: int, record: Record) -> None:
        batch, place = Batch(), _U64.pack(position)
        batch.put("ids", record.key, place)
        batch.put("feeds", _FEED.pack(record.author, record.sequence), place)
        self._mend(batch)
        why = "its id or its feed leads elsewhere"
        self.told.append(Problem(INDEX, position, why, _place(record), mended=self._repair))

    async def _identify(self) -> None:
        """Find out which messages stood where nothing is to be read: what leads there tells."""
        unknown = {n for n, (place, _, _) in self._lost.items() if place is None}
        keys, feeds = dict[int, bytes](), dict[int, tuple[bytes, int]]()
        if unknown:
            async for key, raw in self._rows("ids"):
                if (n := _U64.unpack(raw)[0]) in unknown:
                    keys[n] = key
            async for key, raw in self._rows("feeds"):
                if (n := _U64.unpack(raw)[0]) in unknown:
                    feeds[n] = _FEED.unpack(key)
        named = {(gap.author, gap.last): gap.key for gap in self._chain.gaps if gap.key}
        heads = {(author, head.sequence): head.key for author, head in self._log.heads.items()}
        for n in unknown & feeds.keys():
            found = keys.get(n) or named.get(feeds[n]) or heads.get(feeds[n])
            if found is not None:
                _, kind, why = self._lost[n]
                self._lost[n] = (Place(found, *feeds[n]), kind, why)

    async def _tell_lost(self) -> AsyncIterator[None]:
        all_lost = list(self._lost.items())
        for start in range(0, len(all_lost), SLICE):
            part = all_lost[start : start + SLICE]
            found = [(n, place) for n, (place, _, _) in part if place is not None]
            if self._repair and found:
                self._losses.lose(found)
            for n, (place, kind, why) in part:
                mended = self._repair and place is not None
                self.told.append(Problem(kind, n, why, place, mended=mended))
            yield
            await asyncio.sleep(0)

    async def _tell_gaps(self) -> AsyncIterator[None]:
        """What is missing in feeds, and stands nowhere else."""
        turns, lost = Turns(), defaultdict[bytes, list[int]](list)
        for place, _, _ in self._lost.values():
            if place is not None:
                lost[place.author].append(place.sequence)
            await turns.rest()
        for sequences in lost.values():
            sequences.sort()
        for count, (author, first, last, key, n) in enumerate(self._chain.gaps):
            if count % SLICE == 0:
                yield
                await asyncio.sleep(0)
            here = lost[author]
            found = bisect_right(here, last) - bisect_left(here, first)
            if absent := last - first + 1 - found:
                place = Place(key, author, last) if key else None
                self.told.append(
                    Problem(CHAIN, n, f"{absent} messages before it are missing", place)
                )

    async def _check_heads(self) -> AsyncIterator[None]:
        """The newest message of each feed, on the disk and in memory."""
        turns = Turns()
        expected = {a: Head(p.sequence, p.key, n) for a, (p, n) in self._chain.heads.items()}
        for n, (place, _, _) in self._lost.items():
            here = expected.get(place.author) if place else None
            if place and (here is None or here.sequence < place.sequence):
                expected[place.author] = Head(place.sequence, place.key, n)
            await turns.rest()
        try:
            stored = dict(self._store.scan("heads"))
        except StoreDamaged:
            self.damaged, stored = True, {}
        for author in expected.keys() | self._log.heads.keys() | stored.keys():
            self._check_head(author, expected.get(author), stored.get(author))
            if len(self.told) >= SLICE:
                yield
            await turns.rest()

    def _check_head(self, author: bytes, right: Head | None, row: bytes | None) -> None:
        here = self._log.heads.get(author)
        if here is not None and here.position > self.end:
            return  # it grew meanwhile
        if right is not None and right == here and row == _packed(right):
            return
        lower = right is None or (here is not None and here.sequence > right.sequence)
        mends = self._repair and right is not None and not (lower and author == self._log.own)
        if mends and right is not None:
            batch = Batch()
            batch.put("heads", author, _packed(right))
            self._mend(batch)
            self._log.heads[author] = right
        place = Place(right.key, author, right.sequence) if right else None
        why = "another message than its last one is said to be the head of its feed"
        self.told.append(Problem(INDEX, right.position if right else 0, why, place, mended=mends))

    async def _check_rows(self) -> AsyncIterator[None]:
        """Rows of `ids` and `feeds` that lead to no message of theirs."""
        for family in ("ids", "feeds"):
            part: list[tuple[bytes, bytes]] = []
            async for row in self._rows(family):
                part.append(row)
                if len(part) == ROWS:
                    self._check_part(family, part)
                    part = []
                    yield
            self._check_part(family, part)

    def _check_part(self, family: str, rows: Sequence[tuple[bytes, bytes]]) -> None:
        raws = self._many("log", [place for _, place in rows])
        for (key, place), raw in zip(rows, raws, strict=True):
            n, record = _U64.unpack(place)[0], _parsed(raw)
            if n > self.end or n in self._lost:
                continue
            own = None
            if record is not None:
                feed = _FEED.pack(record.author, record.sequence)
                own = record.key if family == "ids" else feed
            if own != key:
                batch = Batch()
                batch.delete(family, key)
                self._mend(batch)
                why = f"a row of `{family}` leads to another message"
                self.told.append(Problem(INDEX, n, why, mended=self._repair))

    def _mend(self, batch: Batch) -> None:
        if self._repair:
            self._store.write(batch, sync=False)

    def _many(self, family: str, keys: Sequence[bytes]) -> list[bytes | None]:
        """Values of many keys; None also where a value cannot be read."""
        try:
            return self._store.get_many(family, keys)
        except StoreDamaged:
            self.damaged = True
            return readable(self._store, family, keys)

    async def _rows(self, family: str) -> AsyncIterator[tuple[bytes, bytes]]:
        """All rows of a family, as far as it can be read, with turns for others between."""
        start = b""
        while True:
            try:
                rows = list(self._store.scan(family, start, limit=ROWS))
            except StoreDamaged:
                self.damaged = True
                return
            for row in rows:
                yield row
            if len(rows) < ROWS:
                return
            start = rows[-1][0] + b"\0"
            await asyncio.sleep(0)


def _parsed(raw: bytes | None) -> Record | None:
    if raw is None:
        return None
    try:
        record = Record.parse(raw)
    except RecordError:
        return None
    return record if record.sequence else None


def _place(record: Record) -> Place:
    return Place(record.key, record.author, record.sequence)


def _packed(head: Head) -> bytes:
    return _HEAD.pack(head.sequence, head.key, head.position)
