"""`health`: how this process is, for `status`.

Knows the parts' counters. The table in `actor` names it.
"""

from typing import Any

from common.bus import Call
from services.replication.handlers.beginning import Beginning
from services.replication.handlers.history import HistoryHandlers


class HealthHandler:
    """The method."""

    def __init__(self, beginning: Beginning, histories: HistoryHandlers) -> None:
        self._beginning = beginning
        self._histories = histories

    async def health(self, _: Call) -> dict[str, Any]:
        """Say what is under way."""
        parts = self._beginning.parts
        if parts is None:
            return {"service": "replication", "ready": False, "state": {}}
        trouble = parts.appender.trouble
        state = {
            "state": "paused" if trouble else "ok",
            **({"why": trouble} if trouble else {}),
            "feeds": len(parts.hub.clock),
            "wanted": len(parts.wishes.wanted),
            "left_out": parts.wishes.n_left_out,
            "sessions": len(parts.hub.links),
            "histories": self._histories.n_open,
            "traffic": parts.hub.traffic.told(),
            "refused": dict(parts.hub.refusals),
            "notes_passed_over": parts.hub.passed_over,
            "over_limit": parts.hub.over_limit,
            "ooo": parts.exchange.state(),
            "incomplete": parts.observer.told.get("incompleteFeeds", 0),
            "stalled": parts.observer.stalled(),
        }
        return {"service": "replication", "ready": parts.ready.is_set(), "state": state}
