"""Single messages, from our log or from peers: `get` and `ooo.get`.

Knows that storage has what is here and that every worker of replication may know a peer that has what is not.
Storage offers `get` too and is asked first: only what it does not find comes here. Called by the bus through `actor`.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from common.bus import BusError, Call, CallerError, Node
from services.api.settings import Ooo
from services.api.wanted import HELP, Wanted, asked, marked, missed, too_late

NO_DEADLINE = 0
PATIENCE_MS = 5_000  # for what the bus needs, beside the time that the peers have


class MessageHandlers:
    """The methods."""

    def __init__(self, node: Node, workers: Sequence[str], settings: Ooo) -> None:
        self._node = node
        self._workers = workers
        self._settings = settings

    async def get(self, call: Call) -> bytes:
        """`get`: a message of the log, or one that a connected peer has (ssb-ooo hooks ssb-db's `get`)."""
        try:
            return await self._stored(call, args_json=call.args_json)
        except CallerError as error:
            wanted = missed(call.args, self._settings.timeout)
            if error.code != "not_found" or wanted is None or not self._settings.hook:
                raise
            if not await self.ask(wanted, patient=False):
                raise
        return await self._stored(call, args_json=call.args_json)

    async def ooo_get(self, call: Call) -> bytes:
        """`ooo.get(id | {id, timeout})`: a message with `ooo: true`, from peers if it is not here."""
        wanted = asked(call.args, self._settings.timeout)
        if not await self.ask(wanted, patient=True):
            raise too_late(wanted)
        return marked(await self._stored(call, {"id": wanted.id, "meta": True}))

    async def ooo_help(self, _: Call) -> dict[str, Any]:
        """`ooo.help()`."""
        return HELP

    async def _stored(self, call: Call, *args: object, args_json: bytes | None = None) -> bytes:
        reply = await self._node.call(
            "storage", "get", *args, args_json=args_json, caller=call.caller
        )
        return reply.bodies[0]

    async def ask(self, wanted: Wanted, *, patient: bool) -> bool:
        """Asks all workers at once; true when one has it."""
        tasks = [
            asyncio.ensure_future(self._ask_one(worker, wanted, patient=patient))
            for worker in self._workers
        ]
        try:
            for answer in asyncio.as_completed(tasks):
                if await answer:
                    return True
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return False

    async def _ask_one(self, worker: str, wanted: Wanted, *, patient: bool) -> bool:
        given = {"id": wanted.id, "ms": wanted.ms, "patient": patient}
        deadline_ms = int(wanted.ms) + PATIENCE_MS if wanted.ms else NO_DEADLINE
        try:
            reply = await self._node.call(worker, "ooo.want", given, deadline_ms=deadline_ms)
        except BusError:
            return False
        return reply.json() is True
