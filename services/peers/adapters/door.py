"""Tells every worker of `network` whom to refuse, keeps the attempts of strangers, and ends what is refused now.

Knows `connections.firewall`, conn-attempts.json and the rules. Must never know handshakes.
"""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

import orjson

from common.bus import BusError, Node
from common.runtime.whole_file import put_whole
from services.peers.adapters.files import read_json
from services.peers.model.firewall import Attempt, Firewall
from services.peers.model.hub import Contact
from services.peers.model.pools import Change, Pools

__all__ = ["Door"]

log = logging.getLogger(__name__)

Close = Callable[[Contact, str], None]


class Door:
    """The firewall's way to the world."""

    def __init__(
        self,
        node: Node,
        workers: tuple[str, ...],
        firewall: Firewall,
        *,
        pools: Pools,
        folder: Path,
        close: Close,
    ) -> None:
        self.firewall = firewall
        #: Called with each attempt that is told.
        self.listeners: list[Callable[[Attempt], None]] = []
        self._node = node
        self._workers = workers
        self._pools = pools
        self._path = folder / "conn-attempts.json"
        self._close = close
        self._news = asyncio.Event()
        self._attempted = asyncio.Event()
        pools.listeners.append(self._changed)

    def load(self) -> None:
        """Read who was refused before; a damaged file counts as none."""
        try:
            self.firewall.load(orjson.loads(read_json(self._path) or b"[]"))
        except FileNotFoundError:
            return
        except (OSError, orjson.JSONDecodeError) as error:
            log.warning("%s cannot be read: %s", self._path, error)

    def start(self) -> None:
        """Have the workers told whenever they come up."""
        self._node.on_change(self._came_or_went)
        self._news.set()

    async def tell(self) -> None:
        """Tell the rules to each worker when it comes up, and to all when they change; for ever."""
        while True:
            await self._news.wait()
            self._news.clear()
            for worker in self._workers:
                await self._tell(worker)

    async def save(self) -> None:
        """Write attempts whenever there are new ones; for ever."""
        while True:
            await self._attempted.wait()
            self._attempted.clear()
            text = orjson.dumps([[a.id, a.ts] for a in self.firewall.attempts()])
            try:
                await asyncio.to_thread(put_whole, self._path, text)
            except OSError as error:
                log.debug("not written", extra={"fields": {"reason": error.strerror}})

    def reconfigure(self, *, blocked: bool | None, unknown: bool | None) -> None:
        """New rules, for whoever comes and for who is here."""
        if blocked is not None:
            self.firewall.reject_blocked = blocked
        if unknown is not None:
            self.firewall.reject_unknown = unknown
        self._news.set()

    def admits(self, feed: str, now: int) -> bool:
        """Whether a key may come in; an attempt is noted where it may not."""
        if self.firewall.admits(feed, self._pools.hops.get(feed), now):
            return True
        attempt = self.firewall.refused(feed, now)
        self._attempted.set()
        if attempt is not None:
            for listener in self.listeners:
                listener(attempt)
        return False

    def graph_changed(self, now: int) -> None:
        """Whom we know changed: attempts of those are forgotten, and unknown ones leave."""
        if not self.firewall.reject_unknown:
            return
        hops = self._pools.hops
        for attempt in self.firewall.attempts():
            if abs(hops.get(attempt.id, 2)) == 1 and self.firewall.known(attempt.id):
                self._attempted.set()
        for contact in self._pools.hub:
            known = contact.key and self.firewall.admits(contact.key, hops.get(contact.key), now)
            if contact.state == "connected" and not contact.dialled and not known:
                self._close(contact, "client is a stranger")

    def _changed(self, change: Change) -> None:
        contact = self._pools.hub.with_key(change.entry.key)
        if contact is not None and contact.state == "connecting" and contact.key:
            self.firewall.dialled(contact.key, contact.since)

    def _came_or_went(self, service: str, up: bool) -> None:
        if up and service in self._workers:
            self._news.set()

    async def _tell(self, worker: str) -> None:
        rules = {
            "rejectBlocked": self.firewall.reject_blocked,
            "rejectUnknown": self.firewall.reject_unknown,
        }
        if not self._node.is_up(worker):
            return
        try:
            await self._node.call(worker, "connections.firewall", rules)
        except BusError as error:
            log.info("the door was not told", extra={"fields": {"reason": error.message}})
