"""The process `storage`."""

import os

from common.bus import Node
from common.feed.json import parse
from common.runtime import secret
from common.runtime.clock import RisingClock
from common.runtime.process import run
from common.runtime.settings import Settings
from services.storage.actor import methods
from services.storage.adapters.compactor import Compactor
from services.storage.adapters.database import open_database
from services.storage.adapters.own_feed import OwnFeed
from services.storage.adapters.writer import Writer
from services.storage.handlers.messages import Identity
from services.storage.settings import OwnFeedSettings, is_forced


async def main(settings: Settings) -> None:
    """Serve until cancelled; what was answered stays."""
    keys = secret.load(settings.secret_path)
    rules = settings.section("ownFeed", OwnFeedSettings)
    forced = is_forced(settings)
    with (
        open_database(settings.path) as database,
        Writer(database, own=keys.public) as writer,
        OwnFeed(settings.path, keys.public, writer.log, rules, forced=forced) as own_feed,
    ):
        claimed = RisingClock(last=database.claimed_by(keys.public))
        identity = Identity(keys, settings.caps_sign, claimed, os.urandom, own_feed)
        async with Compactor(database) as compactor:
            table = methods(database, writer, compactor, identity)
            bus_keys = settings.bus_keys
            async with Node("storage", settings.endpoint, table, parse=parse, keys=bus_keys):
                await writer.broken()


if __name__ == "__main__":
    run("storage", main)
