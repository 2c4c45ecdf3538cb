"""A client of one async call at a time over the unix socket, made the moment a server takes it."""

import asyncio
import json
from pathlib import Path
from typing import Any, Self

from common.wire.events import Ended, Request, Value
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

    async def call(self, name: str) -> Any:
        """Value of a method without arguments.

        Raises: ConnectionError when the server hung up; RuntimeError when the call failed.
        """
        number = self._session.call("async", [name], b"[]")
        while True:
            self._writer.write(self._session.data_to_send())
            data = await self._reader.read(READ_BYTES)
            if not data:
                raise ConnectionResetError("the server hung up")
            for event in self._session.receive_data(data):
                if isinstance(event, Request):
                    self._session.fail(event.call, "this client serves nothing")
                elif isinstance(event, Value) and event.call == number:
                    return json.loads(event.body)
                elif isinstance(event, Ended) and event.call == number:
                    raise RuntimeError(str(event.failure))
