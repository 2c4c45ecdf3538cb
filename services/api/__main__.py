"""The process `api`."""

import asyncio
import os

from common.bus import Method, Node
from common.feed.json import parse
from common.runtime import secret
from common.runtime.clock import wall_ms
from common.runtime.process import run
from common.runtime.settings import Settings
from services.api.actor import asked, invite_methods, methods
from services.api.adapters.book import open_book
from services.api.handlers.invites import SEED_BYTES, InviteHandlers


async def main(settings: Settings) -> None:
    """Serve until cancelled."""
    table: dict[str, Method] = {}
    endpoint, keys = settings.endpoint, settings.bus_keys
    node = Node("api", endpoint, table, calls=asked(settings), parse=parse, keys=keys)
    own = secret.own_id(settings.secret_path, settings.path)
    invites = InviteHandlers(
        node,
        open_book(settings.path, wall_ms),
        own,
        private=settings.allow_private,
        now=wall_ms,
        seed=lambda: os.urandom(SEED_BYTES),
    )
    table.update({**methods(node, own, settings), **invite_methods(invites)})
    async with node:
        await asyncio.Event().wait()


if __name__ == "__main__":
    run("api", main)
