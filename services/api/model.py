"""What the whole suite looks like, put together from what each service says of itself.

Knows the shape of `status` that clients of ssb-db expect; asks nobody. Called by the handlers.
"""

from collections.abc import Mapping
from typing import Any

EMPTY_LOG = -1  # ssb-db's `since` where there is no message yet


def status(healths: Mapping[str, Mapping[str, Any] | None]) -> dict[str, Any]:
    """Make the status from the health of each service; None stands for one that does not answer.

    `progress` and `sync` are as ssb-db 20 has them (index.js, status), in positions of our log instead
    of offsets of flumelog; `services` is ours.
    """
    since = _since(healths.get("storage"))
    views = {"indexing": _since(healths.get("indexing"))}
    return {
        "progress": {
            "indexes": {"start": 0, "current": views["indexing"], "target": since},
        },
        "sync": {
            "since": since,
            "plugins": views,
            "sync": all(view == since for view in views.values()),
        },
        "services": {name: _service(health) for name, health in healths.items()},
    }


def _since(health: Mapping[str, Any] | None) -> int:
    """Read how far a service is in the log."""
    position = (health or {}).get("state", {}).get("position")
    return position if isinstance(position, int) and position > 0 else EMPTY_LOG


def _service(health: Mapping[str, Any] | None) -> dict[str, Any]:
    if health is None:
        return {"up": False, "ready": False}
    return {"up": True, "ready": bool(health.get("ready")), **health.get("state", {})}
