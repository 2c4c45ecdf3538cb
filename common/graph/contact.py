"""What one message says about the graph.

Knows the contact message as ssb-friends 4.1.4 reads it (`contacts.js`); must never know hops or who asks.
Called by who folds the log into edges.
"""

import math
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from common.refs import FeedId, is_feed

FOLLOW: Final = 1
BLOCK: Final = -1
NEITHER: Final = -2

Value: TypeAlias = Literal[1, -1, -2]


class Edge(NamedTuple):
    """What `source` last said about `dest`: FOLLOW, BLOCK or NEITHER."""

    source: FeedId
    dest: FeedId
    value: Value


def edge_of(author: FeedId, content: object) -> Edge | None:
    """The edge that a message with this content draws, None when it draws none.

    As `contacts.js`: `blocking` or `flagged` count by truth, `following` only when exactly true, and the
    content's `type` is not looked at.
    """
    if not isinstance(content, dict):
        return None
    dest = content.get("contact")
    if not is_feed(dest):
        return None
    if _is_truthy(content.get("blocking")) or _is_truthy(content.get("flagged")):
        return Edge(author, dest, BLOCK)
    return Edge(author, dest, FOLLOW if content.get("following") is True else NEITHER)


def _is_truthy(value: Any) -> bool:
    """Truth as JavaScript has it: empty lists and objects are true."""
    if isinstance(value, list | dict):
        return True
    return bool(value) and not (isinstance(value, float) and math.isnan(value))
