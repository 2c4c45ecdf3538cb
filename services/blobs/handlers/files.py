"""The methods that are about what is here: add, get, has, size, list, remove.

Knows the files and what the settings allow; must never know peers. Called by the bus through `actor`.
"""

import asyncio
import os
from collections.abc import Iterable, Iterator

import orjson

from common.bus import Call, CallerError, OurError
from common.feed.items import SYNC
from common.refs import BlobId
from services.blobs import arguments
from services.blobs.adapters.exchange import Exchange
from services.blobs.adapters.files import EMPTY, Arrival, Folder, Meta, Refused, WrongHash
from services.blobs.arguments import Slice

__all__ = ["FileHandlers"]

CHUNK = 64 * 1024
"""Bytes of one item, as multiblob reads them."""
CHUNKS = 4
"""Items of one read, and of one message of the bus."""
WAITING = 10_000
"""Blobs stored that one listener has not been told of; one that does not read is told so, and begins anew."""
NOT_HERE = "could not get blob"
BINARY, TEXT = 0, 1


class FileHandlers:
    """The methods, around the folder; what comes or goes is told to the exchange."""

    def __init__(self, folder: Folder, exchange: Exchange, limit: int) -> None:
        self._folder = folder
        self._exchange = exchange
        self._limit = limit

    async def add(self, call: Call) -> str:
        """`blobs.add`: take in the bytes that come; answer the blob's id.

        Raises:
            CallerError: it is larger than `blobs.max`, not the blob that was said, or was taken down.
            OurError: the disk does not take it.
        """
        expected = arguments.expected_of(call.args)
        try:
            blob, size = await self._arrive(call, expected)
        except WrongHash as error:
            raise CallerError(str(error)) from error
        except Refused as error:
            raise CallerError(str(error), "taken_down") from error
        except OSError as error:
            raise OurError(f"the blob cannot be written: {error.strerror}", "no_space") from error
        self._exchange.stored(blob, size)
        return blob

    async def _arrive(self, call: Call, expected: BlobId | None) -> tuple[BlobId, int]:
        arrival = self._folder.receive()
        try:
            await self._take(call, arrival)
            return await asyncio.to_thread(arrival.finish, expected), arrival.size
        finally:
            arrival.discard()

    async def _take(self, call: Call, arrival: Arrival) -> None:
        async for batch in call:
            if batch.types is None or any(kind not in (BINARY, TEXT) for kind in batch.types):
                raise CallerError("bytes are wanted")
            for body in batch.bodies:
                arrival.write(body)
            if arrival.size > self._limit:
                raise CallerError(f"a blob must not be larger than {self._limit} bytes")

    async def get(self, call: Call) -> None:
        """`blobs.get`: give the bytes of a blob in pieces of 64 KiB."""
        await self._give(call, arguments.slice_of(call.args, part=False))

    async def get_slice(self, call: Call) -> None:
        """`blobs.getSlice`: give some of the bytes of a blob."""
        await self._give(call, arguments.slice_of(call.args, part=True))

    async def _give(self, call: Call, wanted: Slice) -> None:
        if wanted.blob == EMPTY:
            return
        size, descriptor = self._folder.size(wanted.blob), self._folder.open(wanted.blob)
        try:
            if size is None or descriptor is None:
                raise CallerError(wanted.absent, "not_found")
            if wanted.size not in (None, size) or (wanted.limit or size) < size:
                raise CallerError(_unfit(wanted, size))
            self._exchange.used(wanted.blob)
            at, end = wanted.start, size if wanted.end is None else min(wanted.end, size)
            while at < end:
                await call.ready()
                data = await asyncio.to_thread(
                    os.pread, descriptor, min(CHUNK * CHUNKS, end - at), at
                )
                if not data:
                    raise OurError(NOT_HERE)
                pieces = [data[n : n + CHUNK] for n in range(0, len(data), CHUNK)]
                await call.send(pieces, types=bytes([BINARY]) * len(pieces))
                at += len(data)
        finally:
            if descriptor is not None:
                os.close(descriptor)

    async def size(self, call: Call) -> object:
        """`blobs.size`: bytes of a blob or null, or a list of them."""
        blobs, many = arguments.blobs_of(call.args, "not a valid blob id:")
        sizes = [self._folder.size(blob) for blob in blobs]
        return orjson.dumps(sizes if many else sizes[0])

    async def meta(self, call: Call) -> object:
        """`blobs.meta`: id, size and time of a blob; beside them, which is ours, what the catalogue knows of it.

        Raises:
            CallerError: it is not here.
        """
        blob = arguments.blob_of(call.args)
        meta = self._folder.meta(blob)
        if meta is None:
            raise CallerError(NOT_HERE, "not_found")
        return meta._asdict() | self._known(blob)

    def _known(self, blob: BlobId) -> dict[str, object]:
        catalogue = self._exchange.catalogue
        entry = catalogue.entry(blob)
        if entry is None:
            return {}
        return {
            "firstSeen": entry.since,
            "lastUsed": entry.used,
            "from": entry.source or None,
            "wantedBy": entry.asker or None,
            "own": entry.own,
            "pinned": catalogue.is_pinned(blob),
        }

    async def ls(self, call: Call) -> None:
        """`blobs.ls`: all blobs that are here, or come, or both."""
        options = arguments.listing_of(call.args)
        stored = Stored(self._exchange)
        try:
            if options.old:
                for shelf in self._folder.shelves():
                    await call.ready()
                    bodies = list(_listed(self._metas(shelf), whole=options.whole))
                    if bodies:
                        await call.send(bodies)
                if not options.live:
                    return
                if options.sync:
                    await call.send([SYNC])
            while True:
                await call.send(list(_listed(await stored.next(), whole=options.whole)))
        finally:
            stored.close()

    async def rm(self, call: Call) -> None:
        """`blobs.rm`: delete a blob, and want and offer it no more.

        Raises:
            CallerError: it is not here.
        """
        blob = arguments.blob_of(call.args, "not valid id:")
        if not self._exchange.remove(blob):
            raise CallerError(NOT_HERE, "not_found")

    def _metas(self, shelf: Iterable[BlobId]) -> Iterator[Meta]:
        return (meta for blob in shelf if (meta := self._folder.meta(blob)) is not None)


class Stored:
    """What is stored from now on, for one listener."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._queue: asyncio.Queue[Meta] = asyncio.Queue()
        exchange.watch(self._put)

    async def next(self) -> list[Meta]:
        """Wait for some.

        Raises:
            CallerError: too many wait.
        """
        found = [await self._queue.get()]
        if self._queue.qsize() > WAITING:
            raise CallerError("too many blobs wait")
        while not self._queue.empty():
            found.append(self._queue.get_nowait())
        return found

    def close(self) -> None:
        """Be told no more."""
        self._exchange.unwatch(self._put)

    def _put(self, meta: Meta) -> None:
        if self._queue.qsize() <= WAITING:
            self._queue.put_nowait(meta)


def _listed(metas: Iterable[Meta], *, whole: bool) -> Iterator[bytes]:
    return (orjson.dumps(meta._asdict() if whole else meta.id) for meta in metas)


def _unfit(wanted: Slice, size: int) -> str:
    asked = "undefined" if wanted.size is None else f"{wanted.size:g}"
    return f"incorrect file length, requested:{asked} file was:{size} for file:{wanted.blob}"
