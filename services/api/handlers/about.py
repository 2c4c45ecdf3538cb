"""Who we are and how we are: `whoami`, `version`, `status`, `progress`, `metrics`.

Knows whom to ask; decides nothing. Called by the bus through `actor`.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from common.bus import BusError, Call, Node
from common.runtime.usage import usage
from services.api import model
from services.api.metrics import metrics

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
        return model.status(await self._healths(self._asked))

    async def progress(self, _: Call) -> dict[str, Any]:
        """Tell how far indexing is."""
        return model.progress(await self._healths(("storage", "indexing")))

    async def metrics(self, call: Call) -> str:
        """`metrics()`: what is counted anywhere, in the text format of Prometheus."""
        own = await self.health(call)
        own["state"] = {"process": usage()}
        return metrics({**await self._healths(self._asked), "api": own}, await self.version(call))

    async def _healths(self, names: Sequence[str]) -> dict[str, dict[str, Any] | None]:
        healths = await asyncio.gather(*map(self._health, names))
        return dict(zip(names, healths, strict=True))

    async def _health(self, service: str) -> dict[str, Any] | None:
        try:
            reply = await self._node.call(service, "health", deadline_ms=PATIENCE_MS)
        except BusError:
            return None
        answer = reply.json()
        return answer if isinstance(answer, dict) else None
