import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.bus import PeerError
from common.gossip import Message
from common.refs import FeedId, feed_id
from services.replication.items import NOTES_PER_ITEM, read_message, read_notes, write_notes
from tests.support.suite import feed_of, keys_of

A = feed_id(bytes(32))
RUN = feed_of(keys_of(5), 2)

feeds = st.binary(min_size=32, max_size=32).map(feed_id)
spoken = st.dictionaries(feeds, st.tuples(st.integers(0, (1 << 30) - 1), st.booleans()))


def test_a_message_is_known_by_its_beginning() -> None:
    for one in RUN:
        assert read_message(one.compact) == Message(one.author, one.sequence, one.compact)


@pytest.mark.parametrize(
    "text",
    [
        '{"author":"%s","sequence":7,"content":"x"}',
        '{"previous":null,"sequence":7,"author":"%s","content":1}',
        '{"content":{},"sequence":7,"author":"%s"}',
        '{ "previous":null,"author":"%s","sequence":7,"timestamp":1,"content":{}}',
    ],
)
def test_other_spellings_of_a_message_are_known_too(text: str) -> None:
    body = (text % A).encode()
    assert read_message(body) == Message(A, 7, body)


@pytest.mark.parametrize(
    "value",
    [
        {},
        {A: 4},
        {"clock": {A: 4}},
        {"author": A, "sequence": 0, "content": 1},
        {"author": A, "sequence": 1},
        {"author": A, "sequence": True, "content": 1},
        {"author": A, "sequence": "1", "content": 1},
        {"author": 1, "sequence": 1, "content": 1},
        [],
        "text",
    ],
)
def test_other_objects_are_no_messages(value: object) -> None:
    assert read_message(orjson.dumps(value)) is None


@pytest.mark.parametrize("body", [b"", b"{", b"nonsense", b'{"previous":null,'])
def test_what_is_no_json_is_the_peers_fault(body: bytes) -> None:
    with pytest.raises(PeerError):
        read_message(body)


@pytest.mark.parametrize("body", [b"[]", b"1", b"null", b'"text"', b"{"])
def test_notes_are_objects(body: bytes) -> None:
    with pytest.raises(PeerError):
        read_notes(body, 3)


@given(spoken)
def test_notes_come_back(notes: dict[FeedId, tuple[int, bool]]) -> None:
    (item,) = write_notes(notes, 3)
    assert read_notes(item, 3) == notes


def test_notes_of_version_2_and_refusals() -> None:
    (item,) = write_notes({A: (7, False), FeedId("b"): (-1, False)}, 2)
    assert orjson.loads(item) == {A: -8, "b": -1}
    assert read_notes(item, 2) == {A: (7, False), "b": (-1, False)}


def test_notes_may_stand_in_a_clock_and_junk_refuses() -> None:
    assert read_notes(b'{"clock":{"a":4,"b":null,"c":-4}}', 3) == {
        "a": (2, True),
        "b": (-1, False),
        "c": (-1, False),
    }


def test_no_notes_are_one_item_and_many_are_several() -> None:
    assert write_notes({}, 3) == [b"{}"]
    many = {FeedId(str(n)): (n, True) for n in range(NOTES_PER_ITEM + 1)}
    assert [len(orjson.loads(item)) for item in write_notes(many, 3)] == [NOTES_PER_ITEM, 1]
