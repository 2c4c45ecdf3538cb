"""What the whole suite looks like, put together from what each service says of itself.

Knows the shape of `status` that clients of ssb-db expect; asks nobody. Called by the handlers.
"""

from collections.abc import Mapping
from typing import Any

EMPTY_LOG = -1  # ssb-db's `since` where there is no message yet
PROGRESS_OF = ("storage", "indexing", "replication")
"""The services that `progress` is put together from."""


def progress(healths: Mapping[str, Mapping[str, Any] | None]) -> dict[str, Any]:
    """Make the answer of `progress`: how far the views are in the log, and replication in what peers told of.

    `indexes` as ssb-db 20 has it, in positions of our log; `ebt` as ssb-ebt adds it, only while there are sessions, but
    in messages; `ooo` as ssb-ooo does, in single messages that are asked for. Each begins at 0.
    """
    storage, indexing, replication = (_state(healths, name) for name in PROGRESS_OF)
    told = {"indexes": _steps(_since(indexing), _since(storage))}
    if replication.get("sessions"):
        messages = replication.get("messages", {})
        told["ebt"] = _steps(messages.get("here", 0), messages.get("known", 0))
    told["ooo"] = _steps(0, replication.get("ooo", {}).get("queries", 0))
    return told


def _steps(current: int, target: int) -> dict[str, int]:
    return {"start": 0, "current": current, "target": target}


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
            "sync": all(view == since for view in views.values()),
        },
        "gossip": _state(healths, "peers").get("gossip", {}),
        "services": {name: _service(health) for name, health in healths.items()},
    }


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
