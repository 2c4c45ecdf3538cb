"""From messages as they came to the log: verified, checked against heads, appended one batch at a time.

Knows the bus method `log.append`; must never know sessions or why a message came. Called by whoever receives
messages; what was refused is told to it later.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from typing import Any, Final, Protocol, TypeAlias

from common.bus import BusError, Node, PeerError, Unavailable
from common.feed.validate import Invalid, Verified
from common.gossip import Message
from common.refs import FeedId
from services.replication.adapters.verifier import Verifier
from services.replication.intake import Intake

LOGGER = logging.getLogger(__name__)

MAX_CANDIDATES: Final = 500
"""Of one call: docs/bus.md allows 1,000, storage commits half as many faster than it waits."""
GATHER_SECONDS: Final = 0.005
"""Between two calls, unless a full one is there: each costs storage a commit and every reader of the log a message."""
MAX_WAITING: Final = 2_000
"""Candidates that wait for a call; who brings more waits too, and with it the peer's stream."""
TWO_THINGS: Final = "a message says two things of its author or sequence"
NO_SPACE: Final = "no_space"
"""The code of storage's error on a full disk: what came is kept and offered again, and nothing more is read."""
RETRY_SECONDS: Final = 1.0
"""Between a failed call and asking for its messages again: a full disk is not to be hammered."""


class Source(Protocol):
    """Who brought messages, and hears of what became of them."""

    peer: FeedId

    def refused(self, feed: FeedId, reason: str) -> None:
        """The log did not take a message of this feed: `fork`, or `gap` when one before it was lost."""


class ForgedError(PeerError):
    """A peer sent a message that nobody may send; `feed` is the claim of whose it was."""

    def __init__(self, feed: FeedId, reason: str) -> None:
        super().__init__(reason, "refused")
        self.feed = feed


_Waiting: TypeAlias = tuple[bytes, FeedId, Source]


class Appender:
    """The way to the log for the whole process."""

    def __init__(self, node: Node, intake: Intake, hmac_key: bytes | None) -> None:
        self._node = node
        self._intake = intake
        self._verifier = Verifier(hmac_key)
        self._waiting: deque[_Waiting] = deque()
        self._task: asyncio.Task[None] | None = None
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
        verdicts = await self._verifier.verify([message.body for message in messages])
        for message, verdict in zip(messages, verdicts, strict=True):
            if isinstance(verdict, Invalid):
                raise ForgedError(message.author, verdict.reason)
            if (verdict.author, verdict.sequence) != (message.author, message.sequence):
                raise ForgedError(message.author, TWO_THINGS)
            self._submit(verdict, source)
        await self._room.wait()

    async def close(self) -> None:
        """Gives up what is on its way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._verifier.close()

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
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._append())

    async def _append(self) -> None:
        """Calls until nothing waits, one call after the other: what came out of turn would leave a gap."""
        while self._waiting:
            count = min(len(self._waiting), MAX_CANDIDATES)
            batch = [self._waiting.popleft() for _ in range(count)]
            if len(self._waiting) <= MAX_WAITING:
                self._room.set()
            refused = await self._call([candidate for candidate, _, _ in batch], _runs(batch))
            if refused is None:
                await asyncio.sleep(RETRY_SECONDS)
                refused = [(index, "gap") for index in range(count)]
            self._tell(batch, refused)
            if len(self._waiting) < MAX_CANDIDATES:
                await asyncio.sleep(GATHER_SECONDS)

    def _tell(self, batch: list[_Waiting], refused: list[tuple[int, str]]) -> None:
        told = set()
        for index, reason in refused:
            _, feed, source = batch[index]
            if (
                reason == "known"
            ):  # another worker brought it first: what was pending behind it still follows
                continue
            self._intake.lose(feed)
            if (feed, id(source)) not in told:
                told.add((feed, id(source)))
                source.refused(feed, "gap" if reason == "gap" else "fork")

    async def _call(
        self, candidates: list[bytes], runs: list[tuple[FeedId, int]]
    ) -> list[tuple[int, str]] | None:
        """What storage refused; None when it took nothing. Waits for a storage that is away or has no room."""
        options = {"from": runs}
        while True:
            try:
                await self._node.wait_up("storage")
                reply = await self._node.call("storage", "log.append", options, bodies=candidates)
            except Unavailable:
                continue
            except BusError as error:
                if error.code == NO_SPACE:
                    self.trouble = error.message
                    await asyncio.sleep(RETRY_SECONDS)
                    continue
                LOGGER.error("nothing appended: %s", error)  # noqa: TRY400  whose fault it is stands in it
                return None
            self.trouble = None
            answer: dict[str, Any] = reply.json()
            return [(refusal["index"], refusal["reason"]) for refusal in answer["refused"]]


def _runs(batch: Sequence[_Waiting]) -> list[tuple[FeedId, int]]:
    """Who brought the messages of a batch, and how many in a row: only who shows a fork is of interest."""
    runs: list[tuple[FeedId, int]] = []
    last, start = batch[0][2], 0
    for n, (_, _, source) in enumerate(batch):
        if source is not last:
            runs.append((last.peer, n - start))
            last, start = source, n
    return [*runs, (last.peer, len(batch) - start)]
