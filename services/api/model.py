"""What the whole suite looks like, put together from what each service says of itself.

Knows the shape of `status` that clients of ssb-db expect; asks nobody. Called by the handlers.
"""

from collections.abc import Mapping
from typing import Any

EMPTY_LOG = -1  # ssb-db's `since` where there is no message yet


def status(healths: Mapping[str, Mapping[str, Any] | None]) -> dict[str, Any]:
    """Make the status from the health of each service; None stands for one that does not answer.

    `progress` and `sync` are as ssb-db 20 has them (index.js, status), in positions of our log instead
    of offsets of flumelog, and `gossip` as ssb-gossip adds it: the peers in contact; `services` is ours.
    """
    since = _since(_state(healths, "storage"))
    indexing = _state(healths, "indexing")
    views = {name: _since({"position": at}) for name, at in indexing.get("views", {}).items()}
    return {
        "progress": progress(healths),
        "sync": {
            "since": since,
            "plugins": views,
            "sync": bool(views) and all(view == since for view in views.values()),
        },
        "gossip": _state(healths, "peers").get("gossip", {}),
        "services": {name: _service(health) for name, health in healths.items()},
    }


def progress(healths: Mapping[str, Mapping[str, Any] | None]) -> dict[str, Any]:
    """How far the slowest view is, one that is built beside another included; not at all where indexing is away."""
    indexing = _state(healths, "indexing")
    target = _since(_state(healths, "storage"))
    at = [_since(indexing), *indexing.get("building", {}).values()]
    return {"indexes": {"start": 0, "current": min(at), "target": target}}


def _state(healths: Mapping[str, Mapping[str, Any] | None], service: str) -> Mapping[str, Any]:
    state: Mapping[str, Any] = (healths.get(service) or {}).get("state", {})
    return state


def _since(state: Mapping[str, Any]) -> int:
    """Read how far a service or a view is in the log."""
    position = state.get("position")
    return position if isinstance(position, int) and position > 0 else EMPTY_LOG


def _service(health: Mapping[str, Any] | None) -> dict[str, Any]:
    if health is None:
        return {"up": False, "ready": False}
    state = {name: value for name, value in health.get("state", {}).items() if name != "gossip"}
    return {"up": True, "ready": bool(health.get("ready")), **state}
