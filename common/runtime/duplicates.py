"""Which connections with one peer are one too many: a rule that both sides work out alike.

Knows keys and directions; must never know sockets or who closes. Called by `network` for the connections of one worker,
and by `peers` for those of all. Two servers that dial each other at the same moment get two connections; of these the
ones stay that the side with the greater key dialled, whichever stood first. Several in the same direction are nobody's
mistake but the dialler's, and are left to it.
"""

from collections.abc import Iterable

from common.refs import FeedId, raw

__all__ = ["surplus"]


def surplus(own: FeedId, peer: FeedId, connections: Iterable[tuple[str, bool]]) -> list[str]:
    """The names of those to be closed, of all connections with a peer: (name, whether we dialled it).

    None with our own key: those are clients.
    """
    found = list(connections)
    if peer == own or len({dialled for _, dialled in found}) < 2:
        return []
    ours_stay = raw(own) > raw(peer)
    return [name for name, dialled in found if dialled != ours_stay]
