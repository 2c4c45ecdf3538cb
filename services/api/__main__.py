"""The process `api`."""

import asyncio
import os

from common.bus import Method, Node
from common.feed.json import parse
from common.runtime import secret
from common.runtime.clock import wall_ms
from common.runtime.process import run
from common.runtime.settings import Settings
from services.api.actor import asked, clearing_methods, invite_methods, methods
from services.api.adapters.book import open_book
from services.api.adapters.clearing import Clearing
from services.api.adapters.keeper import Keeper
from services.api.adapters.purge import Purge
from services.api.handlers.clearing import ClearingHandlers
from services.api.handlers.invites import SEED_BYTES, InviteHandlers
from services.api.settings import FriendsPurge, Retention


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
    clearing = Clearing(node)
    purge = Purge(node, clearing, own)
    rules = settings.section("retention", Retention)
    keeper = Keeper(clearing, rules, own, settings.friends_hops, settings.path, wall_ms)
    table.update({**methods(node, own, settings), **invite_methods(invites)})
    table.update(clearing_methods(ClearingHandlers(purge, keeper)))
    async with node, asyncio.TaskGroup() as tasks:
        tasks.create_task(keeper.run())
        if settings.section("friendsPurge", FriendsPurge).autostart:
            purge.start()
        await asyncio.Event().wait()


if __name__ == "__main__":
    run("api", main)
