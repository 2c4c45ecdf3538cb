"""The service `blobs`: its methods, and its parts put together.

The table says what is offered on the bus, and to whom; strangers may call what peers need.
"""

import asyncio
from collections.abc import Mapping

from common.bus import Method, Node
from common.gossip.wanting import Policy
from common.refs import FeedId
from common.runtime.clock import steady_ms
from common.runtime.settings import Settings
from services.blobs.adapters.book import Book
from services.blobs.adapters.exchange import Exchange
from services.blobs.adapters.files import Folder
from services.blobs.adapters.follower import Follower
from services.blobs.adapters.mentions import Mentions
from services.blobs.adapters.purge import Purge
from services.blobs.adapters.sessions import Sessions
from services.blobs.adapters.stocktaking import take_stock
from services.blobs.handlers.files import FileHandlers
from services.blobs.handlers.keeping import KeepingHandlers
from services.blobs.handlers.quotas import QuotaHandlers
from services.blobs.handlers.wants import WantHandlers
from services.blobs.model.mentions import Policy as MentionPolicy
from services.blobs.model.purge import Quota
from services.blobs.settings import Blobs, BlobsPurge

__all__ = ["methods", "serve"]

ANONYMOUS = ("anonymous",)
TICK_SECONDS = 1.0
DAY_MS = 86_400_000


def methods(
    files: FileHandlers, wants: WantHandlers, keeping: KeepingHandlers, quotas: QuotaHandlers
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
        "blobs.wants": Method("async", wants.wants),
        "blobs.push": Method("async", wants.push),
        "blobs.changes": Method("source", wants.changes, ANONYMOUS),
        "blobs.createWants": Method("source", wants.create_wants, ANONYMOUS),
        "blobs.pin": Method("async", keeping.pin),
        "blobs.unpin": Method("async", keeping.unpin),
        "blobs.takedown": Method("async", keeping.takedown),
        "blobs.takedowns": Method("source", keeping.takedowns),
        "blobs.restore": Method("async", keeping.restore),
        "blobs.wantMentions": Method("async", quotas.want_mentions),
        "blobs.purge": Method("source", quotas.purge),
        "blobsPurge.start": Method("sync", quotas.start),
        "blobsPurge.stop": Method("sync", quotas.stop),
        "blobsPurge.changes": Method("source", quotas.changes),
        "blobs.help": Method("sync", wants.help),
        "health": Method("async", wants.health, muxrpc=False),
    }


async def serve(settings: Settings, own: FeedId, folder: Folder, book: Book) -> None:
    """Run the service until it is cancelled."""
    wish, networks = settings.section("blobs", Blobs), settings.workers("network")
    table: dict[str, Method] = {}
    calls = (*networks, "storage", "indexing")
    node = Node("blobs", settings.endpoint, table, calls=calls, keys=settings.bus_keys)
    exchange = Exchange(node, folder, book, policy(wish), steady_ms, networks=networks)
    files = FileHandlers(folder, exchange, wish.max)
    mentions = Mentions(book.store, own, mention_policy(wish))
    follower = Follower(node, exchange, mentions)
    purge = Purge(exchange, mentions, follower, quota(wish))
    quotas = QuotaHandlers(exchange, purge, follower, settings.section("blobsPurge", BlobsPurge))
    wants = WantHandlers(exchange, legacy=wish.legacy)
    table.update(methods(files, wants, KeepingHandlers(exchange), quotas))
    sessions = Sessions(node, exchange, own, networks, wish.stall)
    async with node:
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(sessions.follow())
                tasks.create_task(_tick(exchange))
                tasks.create_task(follower.follow())
                tasks.create_task(_keep(folder, book, purge))
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


def mention_policy(wish: Blobs) -> MentionPolicy:
    """Whose mentions are wanted."""
    given = wish.mentions
    return MentionPolicy(given.hops, given.max, frozenset(given.types))


def quota(wish: Blobs) -> Quota:
    """How much may stay."""
    given = wish.quota
    return Quota(given.total, given.author, given.far, given.hops, given.age * DAY_MS)


async def _keep(folder: Folder, book: Book, purge: Purge) -> None:
    await take_stock(folder, book.catalogue)
    await purge.run()


async def _tick(exchange: Exchange) -> None:
    while True:
        await asyncio.sleep(TICK_SECONDS)
        exchange.tick()
