"""The process `api`."""

import asyncio

from common.bus import Method, Node
from common.feed.json import parse
from common.runtime import secret
from common.runtime.process import run
from common.runtime.settings import Settings
from services.api.actor import asked, methods


async def main(settings: Settings) -> None:
    """Serve until cancelled."""
    table: dict[str, Method] = {}
    endpoint, keys = settings.endpoint, settings.bus_keys
    node = Node("api", endpoint, table, calls=asked(settings), parse=parse, keys=keys)
    table.update(methods(node, secret.own_id(settings.secret_path, settings.path), settings))
    async with node:
        await asyncio.Event().wait()


if __name__ == "__main__":
    run("api", main)
