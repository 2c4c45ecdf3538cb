"""The want machine at work: what it commands is done, what happens is told to it.

Knows the machine, the files, the book of wants and who waits for a blob; must never know how a peer is reached.
Called by the handlers, which bring what clients want, and by the sessions, which bring what peers say.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from common.bus import BusError, CallerError, Node
from common.gossip.wanting import (
    OWN,
    Abandon,
    Deaf,
    Dropped,
    Event,
    Fetch,
    FetchFailed,
    Filled,
    Freed,
    Gone,
    Listening,
    Met,
    Policy,
    Pushed,
    Said,
    Shun,
    Spread,
    Stored,
    Tell,
    Ticked,
    Wanted,
)
from common.gossip.wants import Wants
from common.refs import BlobId, FeedId, is_blob, raw
from common.store import StoreError
from services.blobs.adapters.book import MENTIONED, Book
from services.blobs.adapters.files import Arrival, Folder, Meta
from services.blobs.adapters.outlet import Outlet
from services.blobs.adapters.transfer import Failed, Source, Wish, transfer

__all__ = ["Exchange"]

LOGGER = logging.getLogger("blobs")
MAX_HALVES = 64
"""Blobs of which a part is here, each an open file."""
SHUN_SECONDS = 3_600

Find = Callable[[FeedId], Source | None]
Listener = Callable[[Meta], None]


class Exchange:
    """All that goes on with peers about blobs."""

    def __init__(
        self,
        node: Node,
        folder: Folder,
        book: Book,
        policy: Policy,
        now: Callable[[], float],
        *,
        networks: Sequence[str],
    ) -> None:
        self.folder = folder
        self.now = now
        self.find: Find = lambda _: None
        self.wants = Wants(policy, now(), book.wants(), book.pushes())
        self.catalogue = book.catalogue
        self.lack = folder.lack()
        folder.refused = book.catalogue.takedowns
        if self.lack is not None:
            self.wants.handle(Filled())
        self._node = node
        self._networks = networks
        self._book = book
        self._outlets: dict[FeedId, Outlet] = {}
        self._fetches: dict[tuple[FeedId, BlobId], asyncio.Task[None]] = {}
        self._halves: dict[BlobId, Arrival] = {}
        self._waiting: dict[BlobId, set[asyncio.Future[None]]] = {}
        self._watchers: set[Listener] = set()
        self._errands: set[asyncio.Task[None]] = set()

    def meet(self, peer: FeedId) -> None:
        """A peer is connected."""
        self._handle(Met(peer))

    def part(self, peer: FeedId) -> None:
        """A peer is no longer connected."""
        self._handle(Gone(peer, self.now()))

    def said(self, peer: FeedId, notes: Mapping[Any, Any]) -> None:
        """A peer told what it wants and has; what was taken down is not heard."""
        refused = self.catalogue.takedowns
        if refused:
            notes = {b: n for b, n in notes.items() if not (is_blob(b) and raw(b) in refused)}
        asked = [
            blob
            for blob, note in notes.items()
            if is_blob(blob) and isinstance(note, int) and note < 0
        ]
        here = {blob: size for blob in asked if (size := self.folder.size(blob)) is not None}
        self._handle(Said(peer, notes, here, self.now()))

    def listen(self, peer: FeedId) -> Outlet:
        """A peer asks what we want; a new call takes the place of an older one."""
        outlet = self._outlets[peer] = Outlet()
        self._handle(Listening(peer))
        return outlet

    @property
    def is_asking(self) -> bool:
        """Whether we want or offer anything ourselves."""
        own = any(want.distance == OWN for want in self.wants.wants.values())
        return own or bool(self.wants.pushes)

    def is_heard_by(self, peer: FeedId) -> bool:
        """Whether a peer is told what we want."""
        return peer in self._outlets

    def leave(self, peer: FeedId, outlet: Outlet) -> None:
        """That call is over."""
        if self._outlets.get(peer) is outlet:
            del self._outlets[peer]
            self._handle(Deaf(peer))

    async def want(self, blob: BlobId) -> None:
        """Want a blob until it is here; the wish stays when who waits leaves.

        Raises:
            CallerError: it was taken down.
        """
        self.catalogue.refuse(blob)
        if self.folder.size(blob) is not None:
            return
        self._keep(self._book.want, blob)
        future = asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(blob, set())
        waiting.add(future)
        self._handle(Wanted(blob, self.now()))
        try:
            await future
        finally:
            waiting.discard(future)
            if not waiting and self._waiting.get(blob) is waiting:
                del self._waiting[blob]

    def mentioned(self) -> list[BlobId]:
        """What is wanted for the sake of messages, from before."""
        return self._book.mentioned()

    def wish(self, blob: BlobId) -> bool:
        """Want a blob because a message mentions it; false when it is here, wanted already, or taken down."""
        known = self.wants.wants.get(blob)
        if known is not None and known.distance == OWN:
            return False
        if raw(blob) in self.catalogue.takedowns or self.folder.size(blob) is not None:
            return False
        self._keep(self._book.want, blob, MENTIONED)
        self._handle(Wanted(blob, self.now()))
        return True

    def unwish(self, blob: BlobId) -> None:
        """Want a blob no more that only a message was the reason for."""
        if self._book.is_mentioned(blob):
            self.drop(blob)

    def push(self, blob: BlobId) -> None:
        """Offer a blob until enough peers have it.

        Raises:
            CallerError: it was taken down.
        """
        self.catalogue.refuse(blob)
        self._handle(Pushed(blob))
        self._keep(self._book.push, blob, {})

    def drop(self, blob: BlobId) -> None:
        """The blob is to be gone: it is neither wanted nor offered."""
        self._handle(Dropped(blob))
        self._keep(self._book.end_want, blob)
        self._keep(self._book.end_push, blob)

    def remove(self, blob: BlobId) -> bool:
        """Delete a blob, and want and offer it no more; false when it is not here."""
        self.drop(blob)
        found = self.folder.remove(blob)
        self._keep(self.catalogue.gone, blob)
        return found

    def take_down(self, blob: BlobId, reason: str) -> None:
        """Delete a blob and refuse it from now on; who waits for it is told.

        Raises:
            CallerError: there are too many, or the reason is too long.
            StoreError: that cannot be kept.
        """
        self.catalogue.take_down(blob, reason)
        self.remove(blob)
        for future in self._waiting.pop(blob, ()):
            if not future.done():
                future.set_exception(CallerError("the blob was taken down", "taken_down"))

    def stored(self, blob: BlobId, size: int, source: str = "") -> None:
        """A blob is here, from a peer or from our own client."""
        self._drop_half(blob)
        if raw(blob) in self.catalogue.takedowns:  # in the moment in which it was finished
            self.folder.remove(blob)
            return
        want = self.wants.wants.get(blob)
        self._keep(self.catalogue.stored, blob, size, source, (want and want.asker) or "")
        self._handle(Stored(blob, size, self.now()))
        self._keep(self._book.end_want, blob)
        for future in self._waiting.pop(blob, ()):
            if not future.done():
                future.set_result(None)
        meta = self.folder.meta(blob)
        if meta is not None:
            for tell in self._watchers:
                tell(meta)

    def used(self, blob: BlobId) -> None:
        """A blob is read."""
        self._keep(self.catalogue.used, blob)

    def watch(self, listener: Listener) -> None:
        """Tell of every blob that is stored from now on."""
        self._watchers.add(listener)

    def unwatch(self, listener: Listener) -> None:
        """Tell no more."""
        self._watchers.discard(listener)

    def tick(self) -> None:
        """Let time pass, and see whether the disk has room."""
        lack = self.folder.lack()
        if lack != self.lack:
            self.lack = lack
            LOGGER.warning("blobs: %s", lack or "there is room again")
        self._handle(Freed() if lack is None else Filled())
        self._handle(Ticked(self.now()))

    async def close(self) -> None:
        """End every fetch."""
        tasks = [*self._fetches.values(), *self._errands]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for blob in list(self._halves):
            self._drop_half(blob)

    def _handle(self, event: Event) -> None:
        for command in self.wants.handle(event):
            match command:
                case Tell(peer, notes):
                    if peer in self._outlets:
                        self._outlets[peer].put(notes)
                case Fetch(peer, blob, size):
                    task = asyncio.get_running_loop().create_task(self._fetch(peer, blob, size))
                    self._fetches[peer, blob] = task
                case Abandon(peer, blob):
                    self._abandon(peer, blob)
                case Spread(blob, peers):
                    LOGGER.debug("%s is with %d peers", blob, len(peers))
                    self._keep(self._book.end_push, blob)
                case Shun(peer):
                    self._run(self._shun(peer))

    def _abandon(self, peer: FeedId, blob: BlobId) -> None:
        task = self._fetches.pop((peer, blob), None)
        if task is not None and task is not asyncio.current_task():
            task.cancel()

    async def _fetch(self, peer: FeedId, blob: BlobId, size: int) -> None:
        try:
            await self._transfer(peer, blob, size)
        except Failed as failed:
            fields = {"peer": peer, "blob": blob, "reason": failed.reason}
            LOGGER.info("a fetch failed: %s", failed, extra={"fields": fields})
            self._fetches.pop((peer, blob), None)
            self._handle(FetchFailed(peer, blob, failed.reason, self.now()))
        else:
            self.stored(blob, size, peer)

    async def _transfer(self, peer: FeedId, blob: BlobId, size: int) -> None:
        source = self.find(peer)
        if source is None:
            raise Failed("lost", "it is not connected")
        arrival = self._halves.pop(blob, None) or self.folder.receive()
        if arrival.size > size:
            arrival.discard()
            arrival = self.folder.receive()
        try:
            await transfer(self._node, source, arrival, Wish(blob, size, self.wants.policy.max))
        except Failed as failed:
            self._put_aside(blob, arrival, failed)
            raise
        except BaseException:
            arrival.discard()
            raise

    def _put_aside(self, blob: BlobId, arrival: Arrival, failed: Failed) -> None:
        """Keep what came of a blob whose connection was lost; the oldest one makes room."""
        if failed.reason not in ("lost", "stalled") or not arrival.size:
            arrival.discard()
            return
        self._drop_half(blob)
        self._halves[blob] = arrival
        while len(self._halves) > MAX_HALVES:
            self._drop_half(next(iter(self._halves)))

    def _drop_half(self, blob: BlobId) -> None:
        half = self._halves.pop(blob, None)
        if half is not None:
            half.discard()

    async def _shun(self, peer: FeedId) -> None:
        wish = {
            "feed": peer,
            "seconds": SHUN_SECONDS,
            "reason": "blobs that are not what they were said to be",
        }
        for worker in self._networks:
            try:
                await self._node.call(worker, "connections.refuse", wish)
            except BusError as error:
                LOGGER.info("a peer could not be refused: %s", error)

    def _run(self, errand: Any) -> None:
        task = asyncio.get_running_loop().create_task(errand)
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    def _keep(self, write: Callable[..., None], *args: object) -> None:
        """Write what may be forgotten; a full disk costs the memory of a wish, not the wish."""
        try:
            write(*args)
        except StoreError as error:
            LOGGER.warning("not remembered: %s", error)
