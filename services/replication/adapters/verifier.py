"""Messages judged on threads, in groups: what comes from all streams while the threads are busy goes in one.

Knows `verify_batch` and a pool of threads; must never know feeds, heads or who brought a message. Called by the
appender. A hundred histories bring a message or two each at a time: woken for each, the threads and the loop
would spend more on waking one another than on the rest of the work.
"""

import asyncio
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from common.feed.validate import Invalid, Verified, verify_batch

__all__ = ["Verifier"]

THREADS: Final = 2
"""libsodium lets go of the GIL; the rest of the work does not, so more threads bring nothing."""
SPLIT: Final = 64
"""A group at least this long is verified by all threads."""
MAX_GROUP: Final = 256
"""Messages, some 15 ms of a thread's time: as long a stream waits for others' at most. One longer part goes alone."""

_Part = tuple[list[bytes], "asyncio.Future[list[Verified | Invalid]]"]


class Verifier:
    """The threads, and what waits for them."""

    def __init__(self, hmac_key: bytes | None) -> None:
        self._hmac_key = hmac_key
        self._threads = ThreadPoolExecutor(THREADS, "verify")
        self._waiting: deque[_Part] = deque()
        self._task: asyncio.Task[None] | None = None

    async def verify(self, bodies: list[bytes]) -> list[Verified | Invalid]:
        """The verdicts on these messages, in their order."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[Verified | Invalid]] = loop.create_future()
        self._waiting.append((bodies, answer))
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._run())
        return await answer

    async def close(self) -> None:
        """Gives up what waits."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self) -> None:
        while group := self._group():
            try:
                verdicts = await self._judge([body for bodies, _ in group for body in bodies])
            except Exception as error:  # noqa: BLE001  it is raised where the messages came from
                for _, answer in group:
                    if not answer.done():
                        answer.set_exception(error)
            else:
                _answer(group, verdicts)

    def _group(self) -> list[_Part]:
        """What waits, as far as it fits; parts whose stream has gone are left out."""
        group: list[_Part] = []
        size = 0
        while self._waiting and (not group or size + len(self._waiting[0][0]) <= MAX_GROUP):
            part = self._waiting.popleft()
            if not part[1].done():
                group.append(part)
                size += len(part[0])
        return group

    async def _judge(self, bodies: list[bytes]) -> list[Verified | Invalid]:
        loop = asyncio.get_running_loop()
        if len(bodies) < SPLIT:
            return await loop.run_in_executor(self._threads, verify_batch, bodies, self._hmac_key)
        size = -(-len(bodies) // THREADS)
        done = await asyncio.gather(
            *(
                loop.run_in_executor(
                    self._threads, verify_batch, bodies[n : n + size], self._hmac_key
                )
                for n in range(0, len(bodies), size)
            )
        )
        return [verdict for part in done for verdict in part]


def _answer(group: list[_Part], verdicts: list[Verified | Invalid]) -> None:
    start = 0
    for bodies, answer in group:
        end = start + len(bodies)
        if not answer.done():
            answer.set_result(verdicts[start:end])
        start = end
