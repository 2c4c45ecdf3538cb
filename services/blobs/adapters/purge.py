"""The quotas kept: what is too much is removed, a few blobs at a time, beside everything else.

Knows the catalogue, the mentions and the hops, and when to look; what goes is decided by `model/purge`. Nothing is removed
before all that our own feed mentions is known.
"""

import asyncio
import logging
import os
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import islice
from typing import Any

from common.bus import BusError
from common.refs.ids import blob_id
from common.runtime.clock import wall_ms
from services.blobs.adapters.catalogue import Entry
from services.blobs.adapters.exchange import Exchange
from services.blobs.adapters.files import Meta
from services.blobs.adapters.follower import Follower
from services.blobs.adapters.mentions import Mentions
from services.blobs.model.purge import Going, Quota, Row, what_goes

__all__ = ["Purge"]

LOGGER = logging.getLogger("blobs")
SLICE = 500
"""Rows read, and AT_ONCE blobs removed, before others get their turn."""
AT_ONCE = 20
PAUSE_SECONDS = 0.02
MIN_REST_SECONDS, REST_FACTOR, MAX_REST_SECONDS = 0.5, 50, 600
"""Between two looks at all blobs: fifty times as long as one takes, so that looking costs 2 % of a processor."""
LOOK_SECONDS = 600
"""How often a server looks to which nothing comes: blobs age, and feeds move away."""
BUSY_SECONDS = 1
NO_LIMIT = 100.0

Event = dict[str, Any]
Listener = Callable[[Event], None]


class Purge:
    """The task, and who listens to it."""

    def __init__(
        self, exchange: Exchange, mentions: Mentions, follower: Follower, quota: Quota
    ) -> None:
        self._exchange = exchange
        self._mentions = mentions
        self._follower = follower
        self._quota = quota
        self._limit = 0
        self._cpu_max = NO_LIMIT
        self._active = True
        self._wake = asyncio.Event()
        self._listeners: set[Listener] = set()

    @property
    def quota(self) -> Quota:
        """What holds now: the settings, and what `start` was told."""
        limits = [limit for limit in (self._quota.total, self._limit) if limit]
        return self._quota._replace(total=min(limits, default=0))

    def start(self, cpu_max: float, storage_limit: int) -> None:
        """Begin, or go on with other limits: percent of the processors in use, bytes of all blobs."""
        self._cpu_max, self._limit, self._active = cpu_max, storage_limit, True
        self._tell({"event": "resumed"})
        self._wake.set()

    def stop(self) -> None:
        """Remove nothing until the next start."""
        self._active, self._limit, self._cpu_max = False, 0, NO_LIMIT

    def listen(self, listener: Listener) -> None:
        """Tell of what is done from now on."""
        self._listeners.add(listener)

    def unlisten(self, listener: Listener) -> None:
        """Tell no more."""
        self._listeners.discard(listener)

    def _tell(self, event: Event) -> None:
        for listener in list(self._listeners):
            listener(event)

    async def run(self) -> None:
        """Keep the quotas for ever."""
        self._exchange.watch(self._stored)
        self._wake.set()
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), LOOK_SECONDS)
            self._wake.clear()
            if self._active and any(self.quota._replace(hops=0)):
                began = time.monotonic()
                try:
                    await self._round()
                except (BusError, OSError) as error:
                    LOGGER.warning("the quotas wait: %s", error)
                    self._wake.set()
                rest = (time.monotonic() - began) * REST_FACTOR
                await asyncio.sleep(min(max(rest, MIN_REST_SECONDS), MAX_REST_SECONDS))

    def _stored(self, _: Meta) -> None:
        self._wake.set()

    async def _round(self) -> None:
        quota, going = self.quota, await self.plan()
        for start in range(0, len(going), AT_ONCE):
            await self._calm()
            if not self._active or self.quota != quota:
                return
            for each in going[start : start + AT_ONCE]:
                self._remove(each.row)
            await asyncio.sleep(PAUSE_SECONDS)
        if going or self._limit:
            self._tell({"event": "paused"})

    async def _calm(self) -> None:
        """Wait while the processors have enough to do."""
        busy = False
        while self._active and self._cpu_max < NO_LIMIT and _load() > self._cpu_max:
            if not busy:
                self._tell({"event": "paused"})
            busy = True
            await asyncio.sleep(BUSY_SECONDS)
        if busy:
            self._tell({"event": "resumed"})

    def _remove(self, row: Row) -> None:
        """Remove one blob, unless there is a reason by now to keep it."""
        entry = self._exchange.catalogue.entry(blob_id(row.blob))
        if entry is None or self._is_kept(row.blob, entry) or entry.used > row.used:
            return
        blob = blob_id(row.blob)
        self._exchange.remove(blob)
        self._tell({"event": "deleted", "blobId": blob})

    async def plan(self) -> list[Going]:
        """What would go now, the first first."""
        await self._follower.caught_up()
        rows: list[Row] = []
        after, quota = b"", self.quota
        while part := list(islice(self._exchange.catalogue.entries(after), SLICE)):
            rows += [self._row(blob, entry, quota) for blob, entry in part]
            after = part[-1][0]
            await asyncio.sleep(0)
        return await asyncio.to_thread(what_goes, rows, quota, wall_ms())

    def _row(self, blob: bytes, entry: Entry, quota: Quota) -> Row:
        row = Row(blob, entry.size, entry.used, self._is_kept(blob, entry))
        if quota.author or quota.far:
            authors = self._mentions.authors(blob)
            if authors:
                author, hops = self._follower.hops.nearest(authors)
                row = row._replace(author=author, hops=hops)
        return row

    def _is_kept(self, key: bytes, entry: Entry) -> bool:
        blob = blob_id(key)
        return (
            entry.own
            or self._exchange.catalogue.is_pinned(blob)
            or blob in self._exchange.wants.pushes
            or self._mentions.is_ours(key)
        )


def _load() -> float:
    """How much the processors have to do, in percent."""
    return 100 * os.getloadavg()[0] / (os.cpu_count() or 1)
