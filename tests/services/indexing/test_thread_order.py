from typing import Any

from common.feed.record import Record
from common.refs import message_id
from services.indexing.model.message import Message
from services.indexing.thread_order import Ends, in_order


def key(n: int) -> str:
    return message_id(n.to_bytes(32))


def message(n: int, *links: int, received: float = 1, claimed: float = 1) -> Message:
    content: dict[str, Any] = {"type": "post", "branch": [key(link) for link in links]}
    value = {"author": "x", "timestamp": claimed, "content": content}
    return Message(n, Record(n.to_bytes(32), bytes(32), 1, received, b"{}"), value)


def numbers(messages: list[Message]) -> list[int]:
    return [one.position for one in messages]


def test_a_message_stands_behind_those_it_links_to_whatever_the_times() -> None:
    thread = [message(3, 2), message(2, 1, received=8), message(1, received=9)]
    assert numbers(in_order(thread)) == [1, 2, 3]


def test_what_is_not_linked_stands_in_the_order_of_times_then_ids() -> None:
    times = [message(1, received=3), message(2, received=1, claimed=9), message(3, received=1)]
    assert numbers(in_order(times)) == [3, 2, 1]
    assert numbers(in_order([message(1), message(2), message(3)])) == [3, 2, 1]


def test_a_circle_of_links_ends() -> None:
    assert sorted(numbers(in_order([message(1, 2), message(2, 1), message(3, 3)]))) == [1, 2, 3]


def test_ends_are_linked_to_by_none() -> None:
    ends = Ends(key(1))
    assert ends.heads() == [key(1)]
    ends.take([message(2, 1)])
    ends.take([message(3, 1), message(4, 2)])
    assert ends.heads() == [key(3), key(4)]
