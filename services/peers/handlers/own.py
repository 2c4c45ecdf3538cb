"""What operators ask: `peers.explain`, and the state for `status`.

Knows the pools and the scheduler. Must never change anything.
"""

from collections import Counter

from common.bus import Call
from services.peers.handlers.parts import Parts, argument
from services.peers.model import legacy
from services.peers.model.entry import entry_of
from services.peers.model.why import why

__all__ = ["explain", "health"]


async def explain(parts: Parts, call: Call) -> object:
    """`peers.explain`: of each address, or those of one peer, or one, why it is connected or not.

    Who dialled us and is not known otherwise is there under the address it came from.
    """
    wanted = argument(call, 0)
    pools, now = parts.pools, parts.clock()
    staged = [e for e in pools.staging if e.address not in pools.book]
    known = [*pools.book, *staged]
    keys = {entry.key for entry in known}
    strangers = [entry_of(c.address, c.data) for c in pools.hub if c.key not in keys]
    found = [e for e in (*known, *strangers) if wanted in (None, e.address, e.key)]
    return [
        {
            "address": entry.address,
            "key": entry.key,
            "group": pools.group(entry),
            "failure": entry.failures,
            "why": why(entry, parts.scheduler, now),
        }
        for entry in found
    ]


async def health(parts: Parts, call: Call) -> object:
    """`health`: how many are known and connected, whose places are taken, and what `status` shows of peers."""
    del call
    pools = parts.pools
    states = Counter(contact.state for contact in pools.hub)
    state = {
        "known": len(pools.book),
        "staged": len(pools.staging),
        "connected": states["connected"],
        "connecting": states["connecting"],
        "given_up": sum(entry.is_defunct for entry in pools.book),
        "dialled": Counter(c.group for c in pools.hub if c.dialled),
        "passed_over": parts.passed_over(),
        "gossip": legacy.summary(pools),
    }
    return {"service": "peers", "ready": True, "state": state}
