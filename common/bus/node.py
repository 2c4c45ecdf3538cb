"""One process's presence on the bus: what it offers and whom it calls.

Puts the parts together and owns their life: the ZeroMQ context, the server, a remote for each
service that is called, the clock that ticks for them. Every service makes one; tests make several
in one process.
"""

import asyncio
import logging
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import orjson
import zmq

from common.bus.calling import Stream
from common.bus.credit import DEFAULT_WINDOW
from common.bus.curve import Door
from common.bus.endpoint import Claim, binding, is_tcp, prepare
from common.bus.errors import DeadlineExceeded, EndpointError, KeysError, Unavailable
from common.bus.frames import INCARNATION_SIZE
from common.bus.keyring import Keyring, read
from common.bus.remote import Manifest, Remote, Timing
from common.bus.serving import Call, Method
from common.bus.session import Server
from common.bus.socket import Socket
from common.bus.values import Caller, Encode, Parse, Reply
from common.runtime.usage import usage

DEADLINE_MS = 30_000
logger = logging.getLogger(__name__)


class Node:
    """A name on the bus, with methods that others call and services that it calls itself."""

    def __init__(
        self,
        name: str,
        endpoints: Callable[[str], str],
        methods: Mapping[str, Method] | None = None,
        *,
        calls: Sequence[str] = (),
        incarnation: bytes | None = None,
        parse: Parse = orjson.loads,
        encode: Encode = orjson.dumps,
        context: zmq.Context[Socket] | None = None,
        timing: Timing | None = None,
        keys: Path | None = None,
    ) -> None:
        self.name = name
        self.incarnation = incarnation or os.urandom(INCARNATION_SIZE)
        self.refused: Counter[str] = Counter()
        self._endpoints = endpoints
        self._methods = methods
        self._called = tuple(dict.fromkeys(calls))
        self._parse = parse
        self._encode = encode
        self._shared = context
        self._context: zmq.Context[Socket] | None = None
        self._timing = timing or Timing()
        self._keys = keys
        self._door: Door | None = None
        self._server: Server | None = None
        self._claim: Claim | None = None
        self._remotes: dict[str, Remote] = {}
        self._watchers: list[Callable[[str, bool], None]] = []
        self._ticker: asyncio.TimerHandle | None = None
        self._waiting: dict[str, set[asyncio.Future[None]]] = {}

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Bind the own endpoint, if there are methods, and begin to connect to the others.

        Raises:
            EndpointError: an endpoint is unsafe, taken or cannot be bound; nothing was started.
            KeysError: an endpoint is `tcp`, and the keys for it are missing or damaged.
        """
        context = self._context = self._join_context()
        try:
            keyring = self._keyring()
            for service in self._called:
                prepare(self._endpoints(service))
            if self._methods:
                self._serve(context, self._methods, keyring)
        except EndpointError:
            self._leave_context()
            raise
        for service in self._called:
            secured = is_tcp(self._endpoints(service))
            remote = Remote(
                service,
                self._endpoints(service),
                context,
                name=self.name,
                incarnation=self.incarnation,
                timing=self._timing,
                parse=self._parse,
                refused=self.refused,
                changed=self._changed,
                keyring=keyring if secured else None,
            )
            self._remotes[service] = remote
            remote.open()
        self._ticker = asyncio.get_running_loop().call_later(self._timing.tick, self._tick)

    async def stop(self) -> None:
        """End every call with `Unavailable` and leave the bus, within a second."""
        if self._ticker is not None:
            self._ticker.cancel()
            self._ticker = None
        for remote in self._remotes.values():
            remote.close()
        self._remotes.clear()
        for future in [future for waiting in self._waiting.values() for future in waiting]:
            if not future.done():
                future.set_exception(Unavailable(f"{self.name} has stopped"))
        if self._server is not None:
            await self._server.close()
            self._server = None
        if self._door is not None:
            self._door.close()
            self._door = None
        if self._context is not None and self._shared is None:
            await asyncio.to_thread(self._context.term)  # waits for the last words to leave
        self._context = None
        if self._claim is not None:
            self._claim.release()
            self._claim = None

    async def call(
        self,
        service: str,
        method: str,
        *args: object,
        args_json: bytes | None = None,
        bodies: Sequence[bytes] = (),
        caller: Caller | None = None,
        deadline_ms: int = DEADLINE_MS,
    ) -> Reply:
        """Call an async method; `args_json` is a ready JSON array in the place of `args`.

        Raises:
            Unavailable: the service is down, or went down.
            DeadlineExceeded: no answer came within `deadline_ms` (0 means no deadline).
            BusError: what the service answered.
        """
        options = {**_caller(caller), "deadline_ms": deadline_ms}
        pending = self._remote(service).ask(method, options, self._bodies(args, args_json, bodies))
        if not deadline_ms:
            return await pending.wait()
        late = DeadlineExceeded(f"{service} {method} took more than {deadline_ms} ms")
        loop = asyncio.get_running_loop()
        timer = loop.call_later(deadline_ms / 1000, pending.cancel, late)
        try:
            return await pending.wait()
        finally:
            timer.cancel()

    def source(
        self,
        service: str,
        method: str,
        *args: object,
        args_json: bytes | None = None,
        bodies: Sequence[bytes] = (),
        caller: Caller | None = None,
        window: int = DEFAULT_WINDOW,
    ) -> Stream:
        """Open a source to read from; `window` is in bytes of credit.

        Raises:
            Unavailable: the service is down.
        """
        sent = self._bodies(args, args_json, bodies)
        return self._remote(service).stream("source", method, _caller(caller), sent, window)

    def sink(
        self,
        service: str,
        method: str,
        *args: object,
        args_json: bytes | None = None,
        bodies: Sequence[bytes] = (),
        caller: Caller | None = None,
    ) -> Stream:
        """Open a sink to write to.

        Raises:
            Unavailable: the service is down.
        """
        sent = self._bodies(args, args_json, bodies)
        return self._remote(service).stream("sink", method, _caller(caller), sent, 0)

    def duplex(
        self,
        service: str,
        method: str,
        *args: object,
        args_json: bytes | None = None,
        bodies: Sequence[bytes] = (),
        caller: Caller | None = None,
        window: int = DEFAULT_WINDOW,
    ) -> Stream:
        """Open a duplex; `window` is in bytes of credit for what we read.

        Raises:
            Unavailable: the service is down.
        """
        sent = self._bodies(args, args_json, bodies)
        return self._remote(service).stream("duplex", method, _caller(caller), sent, window)

    def is_up(self, service: str) -> bool:
        """Say whether a service has answered and is still there."""
        remote = self._remotes.get(service)
        return remote is not None and remote.incarnation is not None

    async def wait_up(self, service: str, timeout: float | None = None) -> None:  # noqa: ASYNC109  an API of its own
        """Wait until a service is up; `timeout` in seconds.

        Raises:
            Unavailable: it was not up in time.
        """
        if self.is_up(service):
            return
        waiting = self._waiting.setdefault(service, set())
        future = asyncio.get_running_loop().create_future()
        waiting.add(future)
        try:
            await asyncio.wait_for(future, timeout)
        except TimeoutError:
            raise Unavailable(f"{service} is not available") from None
        finally:
            waiting.discard(future)

    def on_change(self, callback: Callable[[str, bool], None]) -> None:
        """Tell `callback` of every service that comes up (True) or goes down (False)."""
        self._watchers.append(callback)

    def manifest(self, service: str) -> Manifest:
        """Say what a service offers: method to (type, roles, muxrpc, after); empty while it is down."""
        return self._remote(service).manifest

    def _join_context(self) -> zmq.Context[Socket]:
        """Make a context, or take the one of the whole process, in which alone `inproc` names are known."""
        names = self._called or (self.name,)
        if self._shared is None and self._endpoints(names[0]).startswith("inproc:"):
            self._shared = zmq.Context.instance()
        return self._shared or zmq.Context()

    def _keyring(self) -> Keyring | None:
        """Read the keys, if an endpoint of ours or of those we call needs them."""
        names = (*self._called, self.name) if self._methods else self._called
        over_tcp = [name for name in names if is_tcp(self._endpoints(name))]
        if not over_tcp:
            return None
        if self._keys is None:
            where = self._endpoints(over_tcp[0])
            raise KeysError(f"setting bus.keys: {where} needs a folder of keys (sbot bus-keys)")
        keyring = read(self._keys, self.name)
        for name in over_tcp:
            keyring.public_of(name)
        return keyring

    def _serve(
        self,
        context: zmq.Context[Socket],
        methods: Mapping[str, Method],
        keyring: Keyring | None,
    ) -> None:
        endpoint = self._endpoints(self.name)
        path = prepare(endpoint)
        claim = Claim(path) if path is not None else None
        server = Server(
            self.name,
            {**methods, **self._health(methods)},
            incarnation=self.incarnation,
            timing=self._timing,
            parse=self._parse,
            encode=self._encode,
            refused=self.refused,
        )
        secured = keyring if is_tcp(endpoint) else None
        try:
            if secured is not None:
                self._door = Door(context, secured)
            server.open(context, binding(endpoint), secured)
        except zmq.ZMQError as error:
            if self._door is not None:
                self._door.close()
                self._door = None
            if claim is not None:
                claim.release()
            raise EndpointError(f"{endpoint}: {error}") from error
        self._server, self._claim = server, claim

    def _health(self, methods: Mapping[str, Method]) -> Mapping[str, Method]:
        """Let the service's `health` tell also what its process takes, and what the bus refused, by reason."""
        told = methods.get("health")
        if told is None:
            return {}

        async def health(call: Call) -> object:
            value = await told.handler(call)
            if not isinstance(value, dict):
                return value
            state = {**value.get("state", {}), "process": usage()}
            if self.refused:
                state["bus"] = {"refused": dict(self.refused)}
            return {**value, "state": state}

        return {"health": replace(told, handler=health)}

    def _leave_context(self) -> None:
        if self._context is not None and self._shared is None:
            self._context.term()
        self._context = None

    def _remote(self, service: str) -> Remote:
        remote = self._remotes.get(service)
        if remote is None:
            if service in self._called:
                raise Unavailable(f"{self.name} has not started, or has stopped")
            raise ValueError(f"{service} is not among the services that {self.name} calls")
        return remote

    def _bodies(
        self,
        args: Sequence[object],
        args_json: bytes | None,
        bodies: Sequence[bytes],
    ) -> list[bytes]:
        return [self._encode(list(args)) if args_json is None else args_json, *bodies]

    def _changed(self, service: str, up: bool) -> None:
        for future in self._waiting.get(service, ()):
            if up and not future.done():
                future.set_result(None)
        for watcher in self._watchers:
            try:
                watcher(service, up)
            except Exception:
                logger.exception("a watcher of %s failed", service)

    def _tick(self) -> None:
        self._ticker = asyncio.get_running_loop().call_later(self._timing.tick, self._tick)
        for remote in self._remotes.values():
            remote.tick()
        if self._server is not None:
            self._server.tick()


def _caller(caller: Caller | None) -> dict[str, Any]:
    return {} if caller is None else {"caller": caller.to_map()}
