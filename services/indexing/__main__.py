"""Composition of indexing: store, index, log, handlers, bus."""

from common.bus import Method, Node
from common.feed.json import parse
from common.runtime.errors import NotNow
from common.runtime.process import run
from common.runtime.secret import load_or_create
from common.runtime.settings import Settings
from common.store import StoreFull
from services.indexing.actor import methods
from services.indexing.adapters.database import open_views
from services.indexing.adapters.log import Log
from services.indexing.boxes import opener
from services.indexing.model import Index


async def main(settings: Settings) -> None:
    """Serve the views of this folder's log until cancelled."""
    identity = load_or_create(settings.secret_path)
    own = identity.id
    try:
        index = Index(open_views(settings.path), own, settings.friends_hops, opener(identity))
    except StoreFull as error:
        raise NotNow(str(error)) from error
    table: dict[str, Method] = {}
    keys = settings.bus_keys
    node = Node("indexing", settings.endpoint, table, calls=("storage",), parse=parse, keys=keys)
    log = Log(node, index)
    table.update(methods(index, log, own, settings.friends_hops))
    try:
        async with node:
            await log.follow()
    finally:
        index.close()


if __name__ == "__main__":
    run("indexing", main)
