"""Which messages of a thread stand before which others, and which are its ends: as ssb-sort 1.1 has it.

A message links to another one wherever its value has that one's id: as branch or root, in mentions, as the one before
in its feed. Pure; called by the views of threads.
"""

from collections.abc import Iterator, Sequence
from functools import cmp_to_key
from typing import Any

from common.refs import is_message, message_id
from services.indexing.model.message import Message

__all__ = ["Ends", "in_order"]


class Ends:
    """The messages of a thread that no message of it links to; its messages are taken some at a time."""

    def __init__(self, root: str) -> None:
        self._keys, self._linked = {root}, set[str]()

    def take(self, messages: Sequence[Message]) -> None:
        """Take some more messages, the root not among them."""
        for message in messages:
            self._keys.add(_key(message))
            self._linked.update(_links(message))

    def heads(self) -> list[str]:
        """The ids, the root's included where it is one, in the order of their text."""
        return sorted(self._keys - self._linked)


def in_order(messages: Sequence[Message]) -> list[Message]:
    """Each message behind those that it links to, else by the times received and claimed."""
    places = {_key(message): n for n, message in enumerate(messages)}
    before = _before([{places[k] for k in _links(m) if k in places} for m in messages])
    numbers = [(m.record.received, _number(m.value["timestamp"]), _key(m)) for m in messages]

    def compare(a: int, b: int) -> int:
        if before[a] >> b & 1:
            return 1
        if before[b] >> a & 1:
            return -1
        (received, claimed, key), (other_received, other_claimed, other) = numbers[a], numbers[b]
        if (received, claimed) != (other_received, other_claimed):
            return 1 if (received, claimed) > (other_received, other_claimed) else -1
        return (key < other) - (key > other)

    return [messages[n] for n in sorted(range(len(messages)), key=cmp_to_key(compare))]


def _before(parents: Sequence[set[int]]) -> list[int]:
    """For each message a number with a bit set for each that stands before it."""
    found: dict[int, int] = {}
    opened: set[int] = set()
    for start in range(len(parents)):
        waiting = [start]
        while waiting:
            one = waiting[-1]
            opened.add(one)
            unknown = [parent for parent in parents[one] if parent not in opened]
            waiting += unknown
            if not unknown:
                bits = 0
                for parent in parents[one] - {one}:
                    bits |= found.get(parent, 0) | 1 << parent
                found[one] = bits
                waiting.pop()
    return [found[n] for n in range(len(parents))]


def _key(message: Message) -> str:
    return message_id(message.record.key)


def _links(message: Message) -> Iterator[str]:
    """The ids of messages anywhere in a message's value, its box open."""
    waiting: list[Any] = [*message.value.values(), message.content]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
        elif is_message(one):
            yield one


def _number(value: Any) -> float:
    return value if isinstance(value, int | float) else 0
