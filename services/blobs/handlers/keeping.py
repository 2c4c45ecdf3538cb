"""The methods by which their owner says what stays and what must not: pins and takedowns. All of them are ours.

Knows the catalogue through the exchange; must never know quotas. Called by the bus through `actor`.
"""

import orjson

from common.bus import Call, CallerError, OurError
from common.refs import BlobId
from common.refs.ids import blob_id
from common.store import StoreError
from services.blobs import arguments
from services.blobs.adapters.exchange import Exchange

__all__ = ["KeepingHandlers"]

PER_BATCH = 500


class KeepingHandlers:
    """The methods, around the exchange."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._catalogue = exchange.catalogue

    async def pin(self, call: Call) -> None:
        """`blobs.pin`: no quota removes this blob, whether it is here or comes later.

        Raises:
            CallerError: there are too many.
            OurError: that cannot be kept.
        """
        blob = arguments.blob_of(call.args)
        try:
            self._catalogue.pin(blob)
        except StoreError as error:
            raise _unkept(error) from error

    async def unpin(self, call: Call) -> None:
        """`blobs.unpin`: the quotas hold for this blob again.

        Raises:
            OurError: that cannot be kept.
        """
        try:
            self._catalogue.unpin(arguments.blob_of(call.args))
        except StoreError as error:
            raise _unkept(error) from error

    async def takedown(self, call: Call) -> None:
        """`blobs.takedown(id, reason)`: delete a blob here, and never take, fetch or give it again.

        Raises:
            CallerError: there are too many, or the reason is no text or too long.
            OurError: that cannot be kept.
        """
        blob, reason = _takedown_of(call)
        try:
            self._exchange.take_down(blob, reason)
        except StoreError as error:
            raise _unkept(error) from error

    async def takedowns(self, call: Call) -> None:
        """`blobs.takedowns`: `{id, reason, at}` of each blob that was taken down."""
        items = [
            orjson.dumps({"id": blob_id(key), "reason": each.reason, "at": each.at})
            for key, each in self._catalogue.takedowns.items()
        ]
        for start in range(0, len(items), PER_BATCH):
            await call.send(items[start : start + PER_BATCH])

    async def restore(self, call: Call) -> None:
        """`blobs.restore`: take a blob like any other again.

        Raises:
            CallerError: it was not taken down.
            OurError: that cannot be kept.
        """
        blob = arguments.blob_of(call.args)
        try:
            found = self._catalogue.restore(blob)
        except StoreError as error:
            raise _unkept(error) from error
        if not found:
            raise CallerError(f"{blob} was not taken down", "not_found")


def _takedown_of(call: Call) -> tuple[BlobId, str]:
    given = call.args[0] if call.args else None
    reason = call.args[1] if len(call.args) > 1 else None
    if isinstance(given, dict):
        reason = given.get("reason")
    if not isinstance(reason, str | None):
        raise CallerError("`reason` must be a text")
    return arguments.blob_of(call.args), reason or ""


def _unkept(error: StoreError) -> OurError:
    return OurError(f"that cannot be kept: {error}", "no_space")
