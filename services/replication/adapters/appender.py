"""From messages as they came to the log: verified on threads, checked against heads, appended in batches.

Knows the bus method `log.append` and a pool of threads; must never know sessions or why a message came. Called
by whoever receives messages; what was refused is told to it later.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, Protocol

from common.bus import BusError, Node, PeerError, Unavailable
from common.feed.validate import Invalid, Verified, verify_batch
from common.gossip import Message
from common.refs import FeedId
from services.replication.intake import Intake

LOGGER = logging.getLogger(__name__)

THREADS: Final = 2
"""libsodium lets go of the GIL; the rest of the work does not, so more threads bring nothing."""
SPLIT: Final = 64
"""A batch at least this long is verified by all threads."""
MAX_CANDIDATES: Final = 500
"""Of one call: docs/bus.md allows 1,000, storage commits half as many faster than it waits."""
MAX_APPENDS: Final = 4
"""Calls in flight."""
MAX_WAITING: Final = 2_000
"""Candidates that wait for a call; who brings more waits too, and with it the peer's stream."""
TWO_THINGS: Final = "a message says two things of its author or sequence"
NO_SPACE: Final = "no_space"
"""The code of storage's error on a full disk: what came is kept and offered again, and nothing more is read."""
RETRY_SECONDS: Final = 1.0
"""Between a failed call and asking for its messages again: a full disk is not to be hammered."""


class Source(Protocol):
    """Who brought messages, and hears of what became of them."""

    def refused(self, feed: FeedId, reason: str) -> None:
        """The log did not take a message of this feed: `fork`, or `gap` when one before it was lost."""


class ForgedError(PeerError):
    """A peer sent a message that nobody may send; `feed` is the claim of whose it was."""

    def __init__(self, feed: FeedId, reason: str) -> None:
        super().__init__(reason, "refused")
        self.feed = feed


class Appender:
    """The way to the log for the whole process."""

    def __init__(self, node: Node, intake: Intake, hmac_key: bytes | None) -> None:
        self._node = node
        self._intake = intake
        self._hmac_key = hmac_key
        self._threads = ThreadPoolExecutor(THREADS, "verify")
        self._waiting: deque[tuple[bytes, FeedId, Source]] = deque()
        self._calls: set[asyncio.Task[None]] = set()
        self._newest: asyncio.Task[None] | None = None
        self._in_turn = False
        #: Why nothing is taken at the moment.
        self.trouble: str | None = None
        self._room = asyncio.Event()
        self._room.set()

    async def take(self, messages: Sequence[Message], source: Source) -> None:
        """Verifies messages in their order and hands on what continues its feed.

        Returns when all are on their way. Waits while too much is on its way already.

        Raises:
            ForgedError: at the first message that is not valid; those after it are dropped.
        """
        verdicts = await self._verify([message.body for message in messages])
        for message, verdict in zip(messages, verdicts, strict=True):
            if isinstance(verdict, Invalid):
                raise ForgedError(message.author, verdict.reason)
            if (verdict.author, verdict.sequence) != (message.author, message.sequence):
                raise ForgedError(message.author, TWO_THINGS)
            self._submit(verdict, source)
        await self._room.wait()

    async def close(self) -> None:
        """Gives up what is on its way."""
        for call in self._calls:
            call.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _verify(self, bodies: list[bytes]) -> list[Verified | Invalid]:
        loop = asyncio.get_running_loop()
        parts = THREADS if len(bodies) >= SPLIT else 1
        size = -(-len(bodies) // parts)
        done = await asyncio.gather(
            *(
                loop.run_in_executor(
                    self._threads, verify_batch, bodies[n : n + size], self._hmac_key
                )
                for n in range(0, len(bodies), size)
            )
        )
        return [verdict for part in done for verdict in part]

    def _submit(self, message: Verified, source: Source) -> None:
        candidate = self._intake.take(message)
        if candidate == "known":
            return
        if isinstance(candidate, str):
            source.refused(message.author, candidate)
            return
        self._waiting.append((candidate, message.author, source))
        if len(self._waiting) > MAX_WAITING:
            self._room.clear()
        self._begin_calls()

    def _begin_calls(self) -> None:
        """Begins a call when none is about to begin; calls begin in the order of their candidates."""
        if self._waiting and len(self._calls) < MAX_APPENDS:
            call = asyncio.get_running_loop().create_task(self._append(self._newest))
            self._newest = call
            self._calls.add(call)
            call.add_done_callback(self._ended)

    def _ended(self, call: asyncio.Task[None]) -> None:
        self._calls.discard(call)
        if not call.cancelled():
            call.result()
            self._begin_calls()

    async def _append(self, before: asyncio.Task[None] | None) -> None:
        count = min(len(self._waiting), MAX_CANDIDATES)
        batch = [self._waiting.popleft() for _ in range(count)]
        if len(self._waiting) <= MAX_WAITING:
            self._room.set()
        if not batch:
            return
        refused = await self._call([candidate for candidate, _, _ in batch], before)
        if refused is None:
            await asyncio.sleep(RETRY_SECONDS)
            refused = [(index, "gap") for index in range(count)]
        told = set()
        for index, reason in refused:
            _, feed, source = batch[index]
            self._intake.lose(feed)
            if reason != "known" and (feed, id(source)) not in told:
                told.add((feed, id(source)))
                source.refused(feed, "gap" if reason == "gap" else "fork")

    async def _call(
        self, candidates: list[bytes], before: asyncio.Task[None] | None
    ) -> list[tuple[int, str]] | None:
        """What storage refused; None when it took nothing. Waits for a storage that is away or has no room.

        After such a wait the calls go on one behind the other: what comes out of turn leaves a gap.
        """
        while True:
            if self._in_turn and before is not None:
                await asyncio.wait([before])
            try:
                await self._node.wait_up("storage")
                reply = await self._node.call("storage", "log.append", {}, bodies=candidates)
            except Unavailable:
                self._in_turn = True
                continue
            except BusError as error:
                if error.code == NO_SPACE:
                    self.trouble, self._in_turn = error.message, True
                    await asyncio.sleep(RETRY_SECONDS)
                    continue
                LOGGER.error("nothing appended: %s", error)  # noqa: TRY400  whose fault it is stands in it
                return None
            self.trouble, self._in_turn = None, False
            answer: dict[str, Any] = reply.json()
            refused = [(refusal["index"], refusal["reason"]) for refusal in answer["refused"]]
            if before is None or before.done() or all(reason != "gap" for _, reason in refused):
                return refused
            await asyncio.wait([before])  # it fills the gap, if anything does
