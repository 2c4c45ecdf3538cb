"""A client of one call at a time over the unix socket, made the moment a server takes it."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, Self

from common.wire.events import CallType, Ended, Items, Request, Value
from common.wire.session import Session

READ_BYTES = 1 << 16


class Caller:
    """One connection; use it as an async context manager."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_unix_connection(self._path)
        self._session = Session()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()

    async def call(self, name: str, *args: object) -> Any:
        """Value of an async method.

        Raises: ConnectionError when the server hung up; RuntimeError when the call failed.
        """
        async for event in self._events("async", name, args):
            if isinstance(event, Value):
                return json.loads(event.body)
        return None

    async def items(self, name: str, *args: object) -> list[Any]:
        """All items of a source.

        Raises: ConnectionError when the server hung up; RuntimeError when the call failed.
        """
        found: list[Any] = []
        async for event in self._events("source", name, args):
            if isinstance(event, Items):
                found += [json.loads(body) for body in event.bodies]
        return found

    async def _events(
        self, kind: CallType, name: str, args: Sequence[object]
    ) -> AsyncIterator[Value | Items]:
        """What comes for a call until it ends."""
        number = self._session.call(kind, name.split("."), json.dumps(args).encode())
        while True:
            self._writer.write(self._session.data_to_send())
            data = await self._reader.read(READ_BYTES)
            if not data:
                raise ConnectionResetError("the server hung up")
            for event in self._session.receive_data(data):
                if isinstance(event, Request):
                    self._session.fail(event.call, "this client serves nothing")
                elif isinstance(event, Value) and event.call == number:
                    yield event
                    return
                elif isinstance(event, Items) and event.call == number:
                    yield event
                elif isinstance(event, Ended) and event.call == number:
                    if event.failure is not None:
                        raise RuntimeError(str(event.failure))
                    self._writer.write(self._session.data_to_send())
                    return
