"""The tips of a tangle: the messages of a thread of thought that nobody has gone on from yet.

Knows keys and what each names as previous; never messages. The rule is @tangle/graph 3's: who names a message that is not there
stands outside, and so does whoever goes on from there.
"""

from collections.abc import Mapping, Sequence

__all__ = ["tips"]


def tips(root: bytes, nodes: Mapping[bytes, Sequence[bytes]]) -> list[bytes]:
    """The tips, in the order of `nodes` (key -> previous keys); the root alone where nothing goes on from it."""
    missing = {key: set(previous) for key, previous in nodes.items() if key != root}
    following: dict[bytes, list[bytes]] = {}
    for key, previous in missing.items():
        for one in previous:
            following.setdefault(one, []).append(key)
    connected, queue = {root}, [root]
    gone_on: set[bytes] = set()
    while queue:
        key = queue.pop()
        for after in following.get(key, ()):
            missing[after].discard(key)
            if not missing[after]:
                connected.add(after)
                gone_on.update(nodes[after])
                queue.append(after)
    found = [key for key in missing if key in connected and key not in gone_on]
    return found or [root]
