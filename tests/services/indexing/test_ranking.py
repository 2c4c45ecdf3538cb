from typing import Any

import orjson

from common.feed.record import Record, pack_record
from common.refs import feed_id, message_id
from services.indexing.model.message import Message
from services.indexing.ranking import Hit, hit_of, ranked, seen
from tests.support.messages import message


def hit(position: int, time: float, *links: str) -> Hit:
    return Hit(position, f"%{position}", time, links)


def order(*hits: Hit) -> list[tuple[int, int]]:
    return [(one.position, one.rank) for one in ranked(hits)]


def test_what_others_link_to_is_first_and_then_what_is_newer() -> None:
    hits = [hit(1, 10.0), hit(2, 30.0, "%1"), hit(3, 20.0, "%1", "%2", "%9"), hit(4, 25.0)]
    assert order(*hits) == [(1, 2), (2, 1), (4, 0), (3, 0)]


def test_of_equals_what_came_last_is_first() -> None:
    assert order(hit(1, 5.0), hit(2, 5.0)) == [(2, 0), (1, 0)]


def test_a_link_said_twice_counts_twice() -> None:
    root: Any = message_id(b"r" * 32)
    said = message({"type": "post", "root": root, "branch": [root, {"link": root}, "@x"]})
    assert hit_of(said).links == (root, root, root)


def test_what_links_to_no_message_is_seen_without_being_read() -> None:
    def seen_as(content: Any, **more: Any) -> tuple[Any, Any]:
        value = {"timestamp": 7.5, "hash": "sha256", "content": content, **more}
        raw = pack_record(b"k" * 32, b"a" * 32, 1, 9.0, orjson.dumps(value))
        record = Record.parse(raw)
        return seen(3, record), hit_of(Message(3, record, value))

    said: tuple[Any, ...] = ({"type": "post", "text": "100 % of it"}, {"link": feed_id(b"f" * 32)})
    for content in said:
        found, read = seen_as(content)
        assert found == read
    said = ({"root": message_id(b"r" * 32)}, {"text": "%"}, "abc.box")
    for content in said:
        assert seen_as(content)[0] is None
    assert seen_as({"type": "post"}, timestamp="7")[0] is None
