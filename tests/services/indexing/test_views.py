import struct
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from common.feed.record import Record
from common.graph import BLOCK, Edge
from common.refs import feed_id
from services.indexing.views import Contacts, Message, Times, Types, ordered

AUTHOR = b"a" * 32


def message(
    content: Any, *, timestamp: Any = 5, received: float = 10.0, position: int = 3
) -> Message:
    value = {"author": feed_id(AUTHOR), "sequence": 1, "timestamp": timestamp, "content": content}
    return Message(position, Record(bytes(32), AUTHOR, 1, received, orjson.dumps(value)), value)


@given(st.lists(st.floats(allow_nan=False), min_size=2))
def test_ordered_sorts_as_numbers_do(numbers: list[float]) -> None:
    numbers = [n + 0.0 for n in numbers if n != 0]
    assert sorted(numbers) == sorted(numbers, key=ordered)
    assert ordered(-1.0) < ordered(0.0) < ordered(struct.unpack(">d", bytes(7) + b"\1")[0])


def test_types_keep_the_first_32_units_of_a_type() -> None:
    (row,) = Types().rows(message({"type": "x" * 40}))
    assert row.key == Types.prefix("x" * 32) + ordered(10.0)
    assert row.value == (3).to_bytes(8)
    assert not list(Types().rows(message("box.box")))
    assert not list(Types().rows(message({"type": 5})))
    assert Types.prefix("ab") != Types.prefix("a")[: len(Types.prefix("ab"))]


def test_times_take_the_earlier_of_claimed_and_received() -> None:
    assert Times.time(message({}, timestamp=5)) == 5
    assert Times.time(message({}, timestamp=50)) == 10
    for strange in (None, "later", True, 0, [1]):
        assert Times.time(message({}, timestamp=strange)) == 10


def test_contacts_draw_an_edge_that_reads_back() -> None:
    other = feed_id(b"b" * 32)
    (row,) = Contacts().rows(message({"type": "contact", "contact": other, "blocking": True}))
    assert Contacts.edge(row) == Edge(feed_id(AUTHOR), other, BLOCK)
    for nobody in ("nobody", other.replace("ed25519", "sha256")):
        assert not list(Contacts().rows(message({"type": "contact", "contact": nobody})))
