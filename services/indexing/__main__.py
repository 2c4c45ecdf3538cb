"""Composition of indexing: store, index, log, handlers, bus."""

import asyncio

from common.bus import Method, Node
from common.feed.json import parse
from common.runtime import secret
from common.runtime.errors import NotNow
from common.runtime.process import run
from common.runtime.settings import Settings
from common.store import StoreFull
from services.indexing.actor import methods
from services.indexing.adapters.builder import Builder
from services.indexing.adapters.database import open_views
from services.indexing.adapters.eraser import Eraser
from services.indexing.adapters.follower import Follower
from services.indexing.adapters.log import Log
from services.indexing.boxes import opener
from services.indexing.model.index import Index
from services.indexing.views import VIEWS


async def main(settings: Settings) -> None:
    """Serve the views of this folder's log until cancelled."""
    identity, hops = secret.load(settings.secret_path), settings.friends_hops
    try:
        index = Index(open_views(settings.path), VIEWS, identity.id, hops, opener(identity))
    except StoreFull as error:
        raise NotNow(str(error)) from error
    table: dict[str, Method] = {}
    keys = settings.bus_keys
    node = Node("indexing", settings.endpoint, table, calls=("storage",), parse=parse, keys=keys)
    log = Log(node)
    follower = Follower(log, index)
    builder = Builder(log, index, follower)
    table.update(methods(index, log, follower, builder, hops))
    try:
        async with node, asyncio.TaskGroup() as tasks:
            tasks.create_task(follower.follow())
            tasks.create_task(builder.work())
            tasks.create_task(Eraser(log, index, follower).work())
    finally:
        index.close()


if __name__ == "__main__":
    run("indexing", main)
