"""Where the calls of peers go: to the service that offers the method, or back with a refusal.

Knows the merged manifest and our own methods. Must never know what methods do. Asked by every conversation.
"""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import orjson

from common.bus import Caller, CallerError, Node
from common.wire.events import Request
from services.network.adapters.conversation import Conversation, OpenCall
from services.network.adapters.incoming import Incoming
from services.network.limits import Guard
from services.network.manifest import Manifest, Refusal
from services.network.model import Connection

__all__ = ["OWN", "Switch"]

OWN = "network"

Own = Callable[[list[Any]], object]
"""A method of our own for clients: arguments to a JSON value."""

JSON_TYPE = 2


class Switch:
    """Looks each call up, checks the caller's permission, and sends it on its way.

    `workers` gives the names on the bus of a service's processes.
    """

    def __init__(
        self,
        manifest: Manifest,
        own: Mapping[str, Own],
        guard: Guard,
        workers: Callable[[str], tuple[str, ...]],
    ) -> None:
        self._guard = guard
        self._workers = workers
        self._manifest = manifest
        self._own = own
        self._node: Node | None = None

    def connect(self, node: Node) -> None:
        """Take the bus node on which calls go out."""
        self._node = node

    def answer(self, talk: Conversation, request: Request) -> OpenCall | None:
        """Begin to answer a call of a peer; None when it is answered already."""
        feed, role = talk.connection.feed, talk.connection.role
        reason = self._guard.try_call(feed, role, asyncio.get_running_loop().time())
        if reason is not None:
            talk.refuse(request.call, reason)
            return None
        route = self._manifest.route(request.name, request.type, role)
        if isinstance(route, Refusal):
            talk.fail(request.call, route.message)
            return None
        if route.service == OWN:
            self._answer_here(talk, request, self._own[route.method])
            return None
        if self._node is None:
            talk.fail(request.call, f"service {route.service} is not available")
            return None
        reason = self._guard.enter(feed, role)
        if reason is not None:
            talk.refuse(request.call, reason)
            return None
        return Incoming(
            self._node,
            talk,
            request,
            route.to(self._workers(route.service), feed),
            _caller(talk.connection),
            window=self._guard.window(feed, role),
            done=partial(self._guard.leave, feed, role),
        )

    def _answer_here(self, talk: Conversation, request: Request, method: Own) -> None:
        try:
            value = method(orjson.loads(request.args))
        except CallerError as error:
            talk.fail(request.call, error.message)
        except ValueError as error:
            talk.fail(request.call, f"the arguments are not JSON: {error}")
        else:
            talk.reply(request.call, orjson.dumps(value), JSON_TYPE)


def _caller(connection: Connection) -> Caller:
    return Caller(
        connection.feed,
        connection.role,
        connection.transport,
        connection.name,
        connection.dialled,
    )
