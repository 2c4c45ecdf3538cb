"""Composition of indexing: store, index, log, handlers, bus."""

from common.bus import Method, Node
from common.runtime.errors import StartError
from common.runtime.process import run
from common.runtime.secret import load_or_create
from common.runtime.settings import Settings
from common.store import StoreError, open_rocks
from services.indexing.actor import methods
from services.indexing.adapters.log import Log
from services.indexing.handlers import Handlers
from services.indexing.model import Index, families


async def main(settings: Settings) -> None:
    """Serve the views of this folder's log until cancelled."""
    own = load_or_create(settings.secret_path).id
    try:
        store = open_rocks(settings.path / "scuttlebot" / "views", families())
    except StoreError as error:
        raise StartError(str(error)) from error
    index = Index(store, own, settings.friends_hops)
    table: dict[str, Method] = {}
    node = Node("indexing", settings.endpoint, table, calls=("storage",))
    log = Log(node, index)
    table.update(methods(Handlers(index, log, own, settings.friends_hops)))
    try:
        async with node:
            await log.follow()
    finally:
        index.close()


if __name__ == "__main__":
    run("indexing", main)
