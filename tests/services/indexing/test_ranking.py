from typing import Any

from common.refs import message_id
from services.indexing.ranking import Hit, hit_of, ranked
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
