"""Forks as they are kept and shown: what is known of one, and the messages that prove it.

Knows shapes only. Pure. Called by the adapter `database`, which keeps them, and by the handlers of `forks.*`.
"""

from collections.abc import Sequence
from typing import Any

from common.feed.json import compact_utf8, parse
from common.feed.record import Candidate
from common.refs.ids import feed_id, message_id, raw
from services.storage.model import Fork

__all__ = ["found_in", "pack", "shown", "unpack"]


def pack(fork: Fork) -> bytes:
    """The row of a fork."""
    return compact_utf8({**fork._asdict(), **_keys(fork), "peers": list(fork.peers)})


def unpack(row: bytes) -> Fork:
    """What `pack` made."""
    value: Any = parse(row)
    ours, other = (raw(value[name]) if value[name] else None for name in ("ours", "other"))
    return Fork(
        value["sequence"], ours, other, value["at"], tuple(value["peers"]), value["accepted"]
    )


def found_in(evidence: Sequence[Candidate]) -> Fork:
    """What two messages that exclude each other tell by themselves: rows came later than evidence did."""
    last = evidence[-1]
    first = evidence[0] if len(evidence) > 1 else None
    if first is None or first.sequence < last.sequence:
        return Fork(last.sequence - 1, first and first.key, last.previous)
    return Fork(last.sequence, first.key, last.key)


def shown(author: bytes, fork: Fork) -> dict[str, Any]:
    """An item of `forks.list`; `agreed` is the last sequence at which the branches can be one."""
    return {
        "feed": feed_id(author),
        "agreed": fork.sequence - 1,
        **_keys(fork),
        "peers": list(fork.peers),
        "at": fork.at or None,
        "accepted": fork.accepted,
    }


def _keys(fork: Fork) -> dict[str, str | None]:
    pairs = (("ours", fork.ours), ("other", fork.other))
    return {name: None if key is None else message_id(key) for name, key in pairs}
