"""The process `api`."""

import asyncio

from common.bus import Node
from common.runtime import secret
from common.runtime.process import run
from common.runtime.settings import Settings
from services.api.actor import methods
from services.api.handlers import Handlers


async def main(settings: Settings) -> None:
    """Serve until cancelled."""
    asked = [name for name in settings.processes if name != "api"]
    handlers = Handlers(secret.load(settings.secret_path).id, asked)
    own, keys = methods(handlers), settings.bus_keys
    async with Node("api", settings.endpoint, own, calls=asked, keys=keys) as node:
        handlers.node = node
        await asyncio.Event().wait()


if __name__ == "__main__":
    run("api", main)
