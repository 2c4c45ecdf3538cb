import pytest

from common.bus import PeerError
from common.crypto.keys import generate
from common.feed.create import create
from common.feed.json import Json, compact_utf8, parse
from common.feed.record import Candidate
from common.feed.validate import Head, Verified, check_out_of_order
from common.refs import MessageId, message_id
from services.replication.strays import author_of, judge, read_object, write_object

KEYS = generate(b"s" * 32)
K, L = message_id(bytes(32)), message_id(bytes([1]) * 32)


def made(**changes: Json) -> tuple[MessageId, dict[str, Json]]:
    """A message from the middle of a feed, and the id that it has whatever was changed."""
    content: Json = {"type": "post", "text": "half \ud800 🦀", "n": [1.5, -0.0]}
    value = create(Head(bytes(32), 6), KEYS, None, content, 1.5e12) | changes
    judged = check_out_of_order(value, None)
    return message_id(judged.key) if isinstance(judged, Verified) else K, value


def test_an_object_is_questions_and_answers() -> None:
    assert read_object(b"{}") == ({}, {})
    read = read_object(b'{"a":-1,"b":{"x":1},"c":"text","d":true,"e":1.5,"f":null,"g":[]}')
    assert read.numbers == {"a": -1, "b": None, "c": 0, "d": 0, "e": 0, "f": 0, "g": 0}
    assert read.answers == {"b": {"x": 1}}


@pytest.mark.parametrize(
    "body", [b"[]", b"-1", b"{", b"\xff", b"[" * 100_000, b" " * (1 << 20) + b"{}"]
)
def test_what_is_no_object_is_the_peers_fault(body: bytes) -> None:
    with pytest.raises(PeerError):
        read_object(body)


def test_what_is_written_reads_back() -> None:
    _, value = made()
    text = compact_utf8(value)
    read = read_object(write_object({K: -1, L: -2}, {message_id(bytes([2]) * 32): text}))
    assert read.numbers == {K: -1, L: -2, message_id(bytes([2]) * 32): None}
    assert list(read.answers.values()) == [value]
    assert author_of(text) == KEYS.id
    assert parse(write_object({}, {})) == {}


def test_a_message_from_the_middle_of_a_feed_holds_by_itself() -> None:
    key, value = made()
    packed = judge(key, value, None)
    assert packed is not None
    candidate = Candidate.parse(packed)
    assert message_id(candidate.key) == key
    assert (candidate.sequence, candidate.message) == (7, compact_utf8(value))


def test_any_other_message_is_of_no_use() -> None:
    key, value = made()
    assert judge(K, value, None) is None
    assert judge(key, {**value, "sequence": 8}, None) is None
    assert judge(key, dict(reversed(value.items())), None) is None
    assert judge(key, value, bytes(32)) is None
    assert judge(key, {}, None) is None


def test_a_signed_message_needs_a_sequence_that_is_one() -> None:
    for sequence in (0, -1):
        value = create(Head(bytes(32), sequence - 1), KEYS, None, {"type": "post"}, 1.5e12)
        judged = check_out_of_order(value, None)
        assert isinstance(judged, Verified)
        assert judge(message_id(judged.key), value, None) is None
