"""A call of a peer, carried to the service that answers it: one muxrpc call is one bus call.

Knows both call models, which are the same four shapes. Must never parse what it carries. Made by the switch
for each request whose caller is allowed to.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from common.bus import BusError, Caller, CallerError, Node, PeerError, Reply, Stream, Unavailable
from common.wire.events import Failure, Request
from services.network.adapters.conversation import Conversation
from services.network.adapters.inbox import Inbox, PeerFailedError
from services.network.manifest import Route

__all__ = ["Incoming"]

log = logging.getLogger(__name__)

NOT_FOUND = "not_found"
"""The code of an error after which the next service that offers the method is asked."""
NO_DEADLINE = 0
"""A peer's call has no time limit, as in the reference (`blobs.want` waits for days): it dies with its connection."""

JSON_TYPE = 2


class Incoming:
    """One open call of a peer."""

    def __init__(
        self,
        node: Node,
        conversation: Conversation,
        request: Request,
        route: Route,
        caller: Caller,
        *,
        window: int,
        done: Callable[[], None],
    ) -> None:
        self._node = node
        self._talk = conversation
        self._call = request.call
        self._args = request.args
        self._route = route
        self._caller = caller
        self._inbox = Inbox(conversation.hold)
        self._failure: Failure | None = None
        self._window = window
        self._task = asyncio.get_running_loop().create_task(self._run())
        self._task.add_done_callback(lambda _: done())

    def items(self, bodies: list[bytes], types: bytes) -> None:
        """The peer sent items of a sink or duplex."""
        self._inbox.put(bodies, types)

    def value(self, body: bytes, kind: int) -> None:
        """Never: it is the peer who called."""

    def ended(self, failure: Failure | None) -> None:
        """The peer ended its direction; a source is aborted by that."""
        self._failure = failure
        if failure is not None or self._route.type == "source":
            self._task.cancel()
        self._inbox.end(failure)

    def lost(self) -> None:
        """The connection is gone."""
        self._task.cancel()

    async def _run(self) -> None:
        try:
            await getattr(self, f"_{self._route.type}")()
        except BusError as error:
            log.debug(
                "call failed",
                extra={"fields": {"method": self._route.method, "error": error.message}},
            )
            self._talk.fail(self._call, error.message)
        except Exception:
            log.exception("a call broke", extra={"fields": {"method": self._route.method}})
            self._talk.fail(self._call, f"{self._route.method} failed")
        finally:
            self._inbox.discard()
            self._talk.forget(self._call)

    async def _async(self) -> None:
        reply = await self._found(self._route)
        await self._talk.link.writable()
        kind = reply.types[0] if reply.types else JSON_TYPE
        self._talk.reply(self._call, reply.bodies[0] if reply.bodies else None, kind)

    async def _found(self, route: Route) -> Reply:
        """The answer of the first service that finds something; else the first one's words."""
        try:
            return await self._ask(route)
        except CallerError as error:
            if error.code != NOT_FOUND:
                raise
            for other in route.others():
                with suppress(CallerError, Unavailable):
                    return await self._ask(other)
            raise

    async def _ask(self, route: Route) -> Reply:
        return await self._node.call(
            route.service,
            route.method,
            args_json=self._args,
            caller=self._caller,
            deadline_ms=NO_DEADLINE,
        )

    _sync = _async

    async def _source(self) -> None:
        route = self._route
        async with self._node.source(
            route.service,
            route.method,
            args_json=self._args,
            caller=self._caller,
            window=self._window,
        ) as stream:
            await self._carry_out(stream)

    async def _sink(self) -> None:
        route = self._route
        async with self._node.sink(
            route.service, route.method, args_json=self._args, caller=self._caller
        ) as stream:
            await self._carry_in(stream)
        self._talk.end(self._call)

    async def _duplex(self) -> None:
        route = self._route
        async with self._node.duplex(
            route.service,
            route.method,
            args_json=self._args,
            caller=self._caller,
            window=self._window,
        ) as stream:
            inward = asyncio.get_running_loop().create_task(self._carry_in(stream))
            try:
                await self._carry_out(stream)
                await inward
            finally:
                inward.cancel()
                await asyncio.gather(inward, return_exceptions=True)

    async def _carry_out(self, stream: Stream) -> None:
        async for batch in stream:
            self._talk.send(self._call, batch.bodies, batch.types)
            await self._talk.link.writable()
        self._talk.end(self._call)

    async def _carry_in(self, stream: Stream) -> None:
        try:
            async for bodies, types in self._inbox:
                await stream.send(bodies, types=types)
        except PeerFailedError as failure:
            stream.fail(PeerError(str(failure)))
        else:
            await stream.end()
