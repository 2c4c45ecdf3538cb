"""The parts of the service, for the handlers: calls that come before the parts are there wait for them.

Knows when the service has begun; must never know methods. Each group of handlers gets the same one.
"""

import asyncio
from typing import Protocol

from common.bus import Node
from services.replication.adapters.appender import Appender
from services.replication.adapters.colleagues import Colleagues
from services.replication.adapters.hub import Hub
from services.replication.adapters.observer import Observer
from services.replication.adapters.ooo import Exchange
from services.replication.adapters.peers import Peers
from services.replication.adapters.ranges import Ranges
from services.replication.model import Wishes


class Parts(Protocol):
    """What the handlers work with; `ready` once heads and graph are known."""

    node: Node
    hub: Hub
    appender: Appender
    peers: Peers
    colleagues: Colleagues
    observer: Observer
    exchange: Exchange
    ranges: Ranges
    wishes: Wishes
    ready: asyncio.Event


class Beginning:
    """Where the parts come from."""

    def __init__(self) -> None:
        self.parts: Parts | None = None
        self._begun = asyncio.Event()

    def begin(self, parts: Parts) -> None:
        """From now on calls are answered; those that came before waited."""
        self.parts = parts
        self._begun.set()

    async def begun(self) -> Parts:
        """The parts, as soon as the heads are known."""
        await self._begun.wait()
        assert self.parts is not None  # noqa: S101  set before the event
        return self.parts

    async def ready(self) -> Parts:
        """The parts, as soon as heads and graph are known."""
        parts = await self.begun()
        await parts.ready.wait()
        return parts
