"""Composition of indexing: store, index, log, handlers, bus."""

import asyncio
import os

from common.bus import Method, Node
from common.feed.json import parse
from common.runtime import secret
from common.runtime.errors import NotNow
from common.runtime.process import run
from common.runtime.settings import Settings
from common.store import StoreFull
from services.indexing.actor import methods, private_methods
from services.indexing.adapters.builder import Builder
from services.indexing.adapters.database import open_views
from services.indexing.adapters.eraser import Eraser
from services.indexing.adapters.follower import Follower
from services.indexing.adapters.generations import Generations
from services.indexing.adapters.key_file import KeyFile
from services.indexing.adapters.log import Log
from services.indexing.adapters.reader import Reader
from services.indexing.adapters.search import Search
from services.indexing.adapters.unsealer import Unsealer, restore
from services.indexing.boxes import Boxes
from services.indexing.handlers.groups import GroupHandlers
from services.indexing.model.index import Index
from services.indexing.views import VIEWS

YIELDING = 5
"""How nice the process is: where processors are scarce, who replicates and publishes comes before the views."""


async def main(settings: Settings) -> None:
    """Serve the views of this folder's log until cancelled."""
    identity, hops = secret.load(settings.secret_path), settings.friends_hops
    boxes = Boxes(identity)
    try:
        index = Index(open_views(settings.path), VIEWS, identity.id, hops, boxes.opens)
        generations = Generations(settings.path)
    except StoreFull as error:
        raise NotNow(str(error)) from error
    table: dict[str, Method] = {}
    keys = settings.bus_keys
    node = Node("indexing", settings.endpoint, table, calls=("storage",), parse=parse, keys=keys)
    log = Log(node)
    follower, search = Follower(log, index), Search(generations, log)
    builder = Builder(log, index, follower)
    file, unsealer = KeyFile(settings.path), Unsealer(log, index, follower, boxes)
    restore(boxes, index, file.kept)
    reader = Reader(log, index, follower)
    table.update(methods(index, log, follower, builder, search, max_hops=hops))
    table.update(private_methods(boxes, GroupHandlers(reader, boxes, unsealer, file, os.urandom)))
    try:
        async with node, asyncio.TaskGroup() as tasks:
            tasks.create_task(follower.follow())
            tasks.create_task(builder.work())
            tasks.create_task(Eraser(log, index, follower, search).work())
            tasks.create_task(search.work())
            tasks.create_task(unsealer.work())
    finally:
        search.close()
        index.close()


if __name__ == "__main__":
    os.nice(YIELDING)
    run("indexing", main)
