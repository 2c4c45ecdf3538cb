"""The service `peers`: whom to dial, and when.

Puts the parts together and owns their life. The table says what is offered on the bus, and to whom.
"""

import asyncio
import logging
import random
from collections.abc import Callable
from functools import partial

from common.bus import Method, Node
from common.refs import FeedId
from common.runtime.clock import wall_ms
from common.runtime.settings import Settings
from services.peers import handlers
from services.peers.adapters.rounds import Rounds
from services.peers.address import read
from services.peers.model import Book
from services.peers.ping import pause
from services.peers.spread import Spread

__all__ = ["Peers", "serve"]

log = logging.getLogger(__name__)


class Peers:
    """All parts of the service; `start` and `stop` are its life."""

    def __init__(
        self,
        settings: Settings,
        own: FeedId,
        *,
        clock: Callable[[], float] = wall_ms,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._clock = clock
        self.book = Book(own, chance)
        self.pause_ms = pause(settings.timers.ping)
        table, keys = self._methods(), settings.bus_keys
        networks = settings.workers("network")
        self.node = Node("peers", settings.endpoint, table, calls=networks, keys=keys)
        spread = Spread(networks)
        self.rounds = Rounds(self.node, self.book, self.clock, self.pause_ms, spread)
        for seed in settings.seeds:
            self._plant(seed)

    def clock(self) -> int:
        """The time in ms since 1970."""
        return int(self._clock())

    async def start(self) -> None:
        """Join the bus and begin to dial."""
        await self.node.start()
        self.rounds.start()

    async def stop(self) -> None:
        """Leave everything as it is: the network says goodbye itself."""
        await self.rounds.stop()
        await self.node.stop()

    def _methods(self) -> dict[str, Method]:
        return {
            "gossip.connect": Method("async", partial(handlers.gossip_connect, self)),
            "gossip.disconnect": Method("async", partial(handlers.gossip_disconnect, self)),
            "gossip.peers": Method("sync", partial(handlers.gossip_peers, self)),
            "gossip.ping": Method("duplex", partial(handlers.gossip_ping, self), ("anonymous",)),
            "conn.connect": Method("async", partial(handlers.conn_connect, self)),
            "conn.disconnect": Method("async", partial(handlers.conn_disconnect, self)),
            "health": Method("async", partial(handlers.health, self), muxrpc=False),
        }

    def _plant(self, seed: str) -> None:
        found = read(seed)
        if found is None:
            log.warning("a seed is no address of a peer", extra={"fields": {"seed": seed}})
        else:
            self.book.add(found.key, found.address, found.host, found.port, "seed")


async def serve(settings: Settings, own: FeedId) -> None:
    """Run the service until it is cancelled."""
    peers = Peers(settings, own)
    try:
        await peers.start()
        await asyncio.Event().wait()
    finally:
        await peers.stop()
