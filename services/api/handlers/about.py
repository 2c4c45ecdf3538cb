"""Who we are and how we are: `whoami`, `version`, `status`, `progress`.

Knows whom to ask; decides nothing. Called by the bus through `actor`.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from common.bus import BusError, Call, Node
from services.api import model

PATIENCE_MS = 1_000  # a status that waits longer for a busy service tells less than one without it
DISTRIBUTION = "scuttlebot"


class AboutHandlers:
    """The methods, around our id and the services that `status` asks."""

    def __init__(self, node: Node, feed: str, asked: Sequence[str]) -> None:
        self._node = node
        self._feed = feed
        self._asked = asked

    async def health(self, _: Call) -> dict[str, Any]:
        """Say that this service works."""
        return {"service": "api", "ready": True, "state": {}}

    async def whoami(self, _: Call) -> dict[str, str]:
        """Tell our feed id."""
        return {"id": self._feed}

    async def version(self, _: Call) -> str:
        """Tell our version."""
        from importlib import metadata  # noqa: PLC0415  a megabyte that few ever ask for

        return metadata.version(DISTRIBUTION)

    async def status(self, _: Call) -> dict[str, Any]:
        """Ask every service for its health and put the answers together."""
        healths = await asyncio.gather(*(self._health(name) for name in self._asked))
        return model.status(dict(zip(self._asked, healths, strict=True)))

    async def progress(self, _: Call) -> dict[str, Any]:
        """Tell how far indexing is."""
        names = ("storage", "indexing")
        healths = await asyncio.gather(*(self._health(name) for name in names))
        return model.progress(dict(zip(names, healths, strict=True)))

    async def _health(self, service: str) -> dict[str, Any] | None:
        try:
            reply = await self._node.call(service, "health", deadline_ms=PATIENCE_MS)
        except BusError:
            return None
        answer = reply.json()
        return answer if isinstance(answer, dict) else None
