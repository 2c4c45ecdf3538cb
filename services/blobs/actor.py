"""The service `blobs`: its methods, and its parts put together.

The table says what is offered on the bus, and to whom; strangers may call what peers need.
"""

import asyncio
import time
from collections.abc import Mapping

from common.bus import Method, Node
from common.gossip.wanting import Policy
from common.refs import FeedId
from common.runtime.settings import Settings
from services.blobs.adapters.book import Book
from services.blobs.adapters.exchange import Exchange
from services.blobs.adapters.files import Folder
from services.blobs.adapters.sessions import Sessions
from services.blobs.adapters.stocktaking import take_stock
from services.blobs.handlers.files import FileHandlers
from services.blobs.handlers.keeping import KeepingHandlers
from services.blobs.handlers.wants import WantHandlers
from services.blobs.settings import Blobs

__all__ = ["methods", "serve"]

ANONYMOUS = ("anonymous",)
TICK_SECONDS = 1.0


def methods(
    files: FileHandlers, wants: WantHandlers, keeping: KeepingHandlers
) -> Mapping[str, Method]:
    """Bind the table to its handlers."""
    return {
        "blobs.add": Method("sink", files.add),
        "blobs.get": Method("source", files.get, ANONYMOUS),
        "blobs.getSlice": Method("source", files.get_slice, ANONYMOUS),
        "blobs.has": Method("async", wants.has, ANONYMOUS),
        "blobs.size": Method("async", files.size),
        "blobs.meta": Method("async", files.meta),
        "blobs.ls": Method("source", files.ls),
        "blobs.rm": Method("async", files.rm),
        "blobs.want": Method("async", wants.want),
        "blobs.push": Method("async", wants.push),
        "blobs.changes": Method("source", wants.changes, ANONYMOUS),
        "blobs.createWants": Method("source", wants.create_wants, ANONYMOUS),
        "blobs.pin": Method("async", keeping.pin),
        "blobs.unpin": Method("async", keeping.unpin),
        "blobs.takedown": Method("async", keeping.takedown),
        "blobs.takedowns": Method("source", keeping.takedowns),
        "blobs.restore": Method("async", keeping.restore),
        "blobs.help": Method("sync", wants.help),
        "health": Method("async", wants.health, muxrpc=False),
    }


def steady_ms() -> float:
    """Milliseconds that only pass."""
    return time.monotonic() * 1000


async def serve(settings: Settings, own: FeedId, folder: Folder, book: Book) -> None:
    """Run the service until it is cancelled."""
    wish, networks = settings.section("blobs", Blobs), settings.workers("network")
    table: dict[str, Method] = {}
    node = Node("blobs", settings.endpoint, table, calls=networks, keys=settings.bus_keys)
    exchange = Exchange(node, folder, book, policy(wish), steady_ms, networks=networks)
    files = FileHandlers(folder, exchange, wish.max)
    keeping = KeepingHandlers(exchange)
    table.update(methods(files, WantHandlers(exchange, legacy=wish.legacy), keeping))
    sessions = Sessions(node, exchange, own, networks, wish.stall)
    async with node:
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(sessions.follow())
                tasks.create_task(_tick(exchange))
                tasks.create_task(take_stock(folder, book.catalogue))
        finally:
            await exchange.close()


def policy(wish: Blobs) -> Policy:
    """What the machine is to allow."""
    return Policy(
        max=wish.max,
        sympathy=wish.sympathy,
        pushy=wish.pushy,
        stingy=wish.stingy,
        fetches=wish.fetches,
        fetches_per_peer=wish.fetches_per_peer,
    )


async def _tick(exchange: Exchange) -> None:
    while True:
        await asyncio.sleep(TICK_SECONDS)
        exchange.tick()
