"""The process `storage`."""

import asyncio
import os

from common.bus import Node
from common.feed.json import parse
from common.runtime import secret
from common.runtime.clock import RisingClock
from common.runtime.process import run
from common.runtime.settings import Settings
from services.storage.actor import methods
from services.storage.adapters.database import open_database
from services.storage.adapters.writer import Writer
from services.storage.handlers.messages import Identity


async def main(settings: Settings) -> None:
    """Serve until cancelled; what was answered stays."""
    keys = secret.load(settings.secret_path)
    with open_database(settings.path) as database, Writer(database) as writer:
        claimed = RisingClock(last=database.claimed_by(keys.public))
        table = methods(database, writer, Identity(keys, settings.caps_sign, claimed, os.urandom))
        async with Node("storage", settings.endpoint, table, parse=parse):
            await asyncio.Event().wait()


if __name__ == "__main__":
    run("storage", main)
