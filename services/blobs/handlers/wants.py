"""The methods that are about what is not here yet, or not elsewhere: want, push, and what peers are told.

Knows the exchange; must never know files. Called by the bus through `actor`.
"""

from typing import Any

import orjson

from common.bus import Call
from common.refs import FeedId
from services.blobs import arguments, help_text
from services.blobs.adapters.exchange import Exchange
from services.blobs.handlers.files import Stored

__all__ = ["WantHandlers"]

WANT = -1


class WantHandlers:
    """The methods, around the exchange."""

    def __init__(self, exchange: Exchange, *, legacy: bool) -> None:
        self._exchange = exchange
        self._legacy = legacy

    async def want(self, call: Call) -> bool:
        """`blobs.want`: wait until a blob is here; who stops waiting goes on wanting it."""
        await self._exchange.want(arguments.blob_of(call.args))
        return True

    async def wants(self, _: Call) -> dict[str, int]:
        """`blobs.wants`: what is wanted: blob to distance, -1 for ourselves, below for peers."""
        return {blob: want.distance for blob, want in self._exchange.wants.wants.items()}

    async def push(self, call: Call) -> None:
        """`blobs.push`: offer a blob to everybody until enough peers have it."""
        self._exchange.push(arguments.blob_of(call.args, "invalid hash:"))

    async def has(self, call: Call) -> object:
        """`blobs.has`: whether blobs are here; a peer that asks is taken to want them (`blobs.legacy`)."""
        blobs, many = arguments.blobs_of(call.args)
        if self._legacy and call.caller.role != "master":
            self._exchange.said(FeedId(call.caller.feed), dict.fromkeys(blobs, WANT))
        here = [self._exchange.folder.size(blob) is not None for blob in blobs]
        return here if many else orjson.dumps(here[0])

    async def changes(self, call: Call) -> None:
        """`blobs.changes`: the ids of blobs that are stored from now on; of a stingy node, what it offers."""
        stored, wants = Stored(self._exchange), self._exchange.wants
        try:
            while True:
                blobs = [meta.id for meta in await stored.next()]
                if wants.policy.stingy:
                    blobs = [blob for blob in blobs if blob in wants.pushes]
                if blobs:
                    await call.send([orjson.dumps(blob) for blob in blobs])
        finally:
            stored.close()

    async def create_wants(self, call: Call) -> None:
        """`blobs.createWants`: what we want, and the size of what a listener wants and we have."""
        peer = FeedId(call.caller.feed)
        outlet = self._exchange.listen(peer)
        try:
            await outlet.carry(call)
        finally:
            self._exchange.leave(peer, outlet)

    async def help(self, _: Call) -> dict[str, Any]:
        """`blobs.help`: what the methods are for, in the shape of muxrpc's usage."""
        return help_text.HELP

    async def health(self, _: Call) -> dict[str, Any]:
        """`health`: whether blobs are taken in; how many are wanted, offered and on their way."""
        lack = self._exchange.lack
        wants = self._exchange.wants
        state: dict[str, Any] = {
            **({"state": "disk full", "why": lack} if lack else {"state": "ok"}),
            "wants": len(wants.wants),
            "pushes": len(wants.pushes),
            "fetches": wants.fetches,
        }
        return {"service": "blobs", "ready": True, "state": state}
