"""Deleting: `del` for clients, `log.erase` for services, and the journal that followers of the log read.

Knows ids of messages and feeds. Called by the bus through `actor`; texts and values of `del` are those of ssb-db
20.4.1, the rest is in docs/bus.md, section 8.
"""

from typing import Any

from common.bus import Call, CallerError
from common.refs.ids import is_feed, is_message, message_id, raw
from services.storage import arguments
from services.storage.adapters.compactor import Compactor
from services.storage.adapters.database import Database
from services.storage.adapters.erasures import MAX_ERASED
from services.storage.adapters.tracks import ErasureTrack
from services.storage.adapters.writer import Writer
from services.storage.handlers.log import MAX_ASKED, MAX_SEQUENCE, count_of, options_of, send

__all__ = ["ErasureHandlers"]

MAX_TOLD = 200_000
"""Keys that `del` of a feed answers with: 12 MB, of the 16 that a message may have."""


class ErasureHandlers:
    """The methods around deleting."""

    def __init__(self, database: Database, writer: Writer, compactor: Compactor) -> None:
        self._database = database
        self._writer = writer
        self._compactor = compactor

    async def delete(self, call: Call) -> list[str] | None:
        """`del`: a message, or all of a feed; here alone, peers keep what they have."""
        target = arguments.deleted_of(call.args)
        if is_feed(target):
            keys = await self._writer.erase_feed(raw(target))
            return [message_id(key) for key in keys[:MAX_TOLD]]
        if not self._writer.erase([raw(target)]):
            raise CallerError(f"Key not found in database [{target}]", "not_found")
        return None

    async def erase(self, call: Call) -> dict[str, int]:
        """`log.erase`: some messages, or all of a feed."""
        options = options_of(call)
        feed, keys = options.get("feed"), options.get("keys")
        if is_feed(feed) and keys is None:
            return {"erased": len(await self._writer.erase_feed(raw(feed)))}
        if not isinstance(keys, list) or len(keys) > MAX_ASKED or feed is not None:
            raise CallerError(f"`keys` must be a list of {MAX_ASKED} at most, or `feed` a feed")
        if not all(is_message(one) for one in keys):
            raise CallerError("a key is the id of a message")
        parts = [keys[n : n + MAX_ERASED] for n in range(0, len(keys), MAX_ERASED)]
        return {
            "erased": sum(len(self._writer.erase([raw(one) for one in part])) for part in parts)
        }

    async def erasures(self, call: Call) -> None:
        """`log.erasures`: what was deleted and is not forgotten yet, and what will be if asked to."""
        options: dict[str, Any] = options_of(call)
        track = ErasureTrack(self._database, self._writer)
        await send(call, track, count_of(options, "after", 0), options, positions=True)

    async def erased(self, call: Call) -> None:
        """`log.erased`: the follower has removed its rows up to a number."""
        upto = count_of(options_of(call), "upto", -1)
        if not 0 <= upto < MAX_SEQUENCE:
            raise CallerError("`upto` must be a whole number")
        await self._writer.forget_erased(upto)
        self._compactor.look()
