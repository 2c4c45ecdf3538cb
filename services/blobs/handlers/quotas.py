"""The methods about how much may stay, and about what messages bring: `blobs.purge`, `blobsPurge.*`, `blobs.wantMentions`.

Knows the purge and the follower; must never know files. Called by the bus through `actor`. The shapes of `blobsPurge` are
those of ssb-blobs-purge.
"""

import asyncio
from math import isfinite
from typing import Any

import orjson

from common.bus import Call, CallerError, OurError
from common.feed.javascript import is_truthy
from common.refs import BlobId, is_message
from common.refs.ids import blob_id
from services.blobs.adapters.exchange import Exchange
from services.blobs.adapters.follower import Follower
from services.blobs.adapters.purge import Event, Purge
from services.blobs.model.purge import Going
from services.blobs.settings import BlobsPurge

__all__ = ["QuotaHandlers"]

CPU_MAX, STORAGE_LIMIT = 50.0, 10_000_000_000
"""The defaults of ssb-blobs-purge: percent, bytes."""
PATIENCE_SECONDS = 60
"""How long who asks what would go waits for the log to be read."""
PER_BATCH = 500
MAX_WAITING = 10_000
"""Events that wait for one listener; one that does not read is told so."""


class QuotaHandlers:
    """The methods, around the purge."""

    def __init__(
        self, exchange: Exchange, purge: Purge, follower: Follower, defaults: BlobsPurge
    ) -> None:
        self._exchange = exchange
        self._purge = purge
        self._follower = follower
        self._defaults = defaults

    async def purge(self, call: Call) -> None:
        """`blobs.purge({dry: true})`: what would go now, `{id, size, lastUsed, why}`, the first first; removes nothing.

        Raises:
            CallerError: it is not a dry run: what goes by itself goes by the quotas, `blobs.rm` removes one.
            OurError: the log could not be read in time.
            BusError: storage went away meanwhile.
        """
        options = _options(call)
        if not is_truthy(options.get("dry")):
            raise CallerError("{dry: true} is mandatory: the quotas remove by themselves")
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                going = await self._purge.plan()
        except TimeoutError as error:
            raise OurError("what messages mention is not known yet", "not_ready") from error
        for start in range(0, len(going), PER_BATCH):
            await call.send([_shown(each) for each in going[start : start + PER_BATCH]])

    async def start(self, call: Call) -> None:
        """`blobsPurge.start`: remove what is beyond `storageLimit` while the processors are below `cpuMax`."""
        options, defaults = _options(call), self._defaults
        cpu_max = defaults.cpu_max or _number(options, "cpuMax", CPU_MAX)
        limit = defaults.storage_limit or _number(options, "storageLimit", STORAGE_LIMIT)
        self._purge.start(cpu_max, max(int(limit), 1))

    async def stop(self, _: Call) -> None:
        """`blobsPurge.stop`: remove nothing, by no quota, until the next start."""
        self._purge.stop()

    async def changes(self, call: Call) -> None:
        """`blobsPurge.changes`: `{event}`: `deleted` with `blobId`, `paused`, `resumed`."""
        queue: asyncio.Queue[Event] = asyncio.Queue()
        self._purge.listen(queue.put_nowait)
        try:
            while True:
                await call.send([orjson.dumps(await queue.get())])
                if queue.qsize() > MAX_WAITING:
                    raise CallerError("too many events wait")
        finally:
            self._purge.unlisten(queue.put_nowait)

    async def want_mentions(self, call: Call) -> list[BlobId]:
        """`blobs.wantMentions(id)`: wait until the blobs that a message mentions are here; tell which ones these are.

        Raises:
            CallerError: the message is not here, or one of the blobs was taken down.
        """
        message = call.args[0] if call.args else None
        if not is_message(message):
            raise CallerError("the id of a message is mandatory")
        blobs = await self._follower.blobs_of(message)
        for blob in blobs:
            self._exchange.catalogue.refuse(blob)
        await asyncio.gather(*map(self._exchange.want, blobs))
        return blobs


def _options(call: Call) -> dict[str, Any]:
    given = call.args[0] if call.args else None
    return given if isinstance(given, dict) else {}


def _number(options: dict[str, Any], name: str, default: float) -> float:
    value = options.get(name)
    if value is None:
        return default
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not isfinite(value)
        or value < 0
    ):
        raise CallerError(f"{name} must be a number")
    return value


def _shown(going: Going) -> bytes:
    row = going.row
    item = {"id": blob_id(row.blob), "size": row.size, "lastUsed": row.used, "why": going.why}
    return orjson.dumps(item)
