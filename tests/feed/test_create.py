import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.crypto.keys import generate
from common.feed.create import create
from common.feed.errors import RefusedContent
from common.feed.json import Json
from common.feed.validate import Head, Verified, follows, verify_own, verify_value

KEYS = generate(bytes(31) + b"\x01")
VALUES: st.SearchStrategy[Json] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.floats(), st.text()),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
    max_leaves=8,
)
HEADS = st.none() | st.builds(Head, st.binary(min_size=32, max_size=32), st.integers(1, 2**31 - 2))
HMAC_KEYS = st.none() | st.binary(min_size=32, max_size=32)


@given(HEADS, HMAC_KEYS, st.dictionaries(st.text(), VALUES), st.integers(0, 2**53))
def test_what_is_created_verifies_and_follows(
    head: Head | None, hmac_key: bytes | None, content: dict[str, Json], timestamp: int
) -> None:
    message = create(head, KEYS, hmac_key, content | {"type": "test"}, timestamp)
    verified = verify_value(message, hmac_key)
    assert isinstance(verified, Verified), verified
    assert follows(head, verified) is None
    assert (verified.author, verified.author_raw) == (KEYS.id, KEYS.public)
    assert repr(verify_own(message)) == repr(verified)


def test_what_grows_too_large_by_its_signature_is_no_message() -> None:
    room = next(n for n in range(7500, 8192) if _is_refused("x" * n))
    message = create(None, KEYS, None, {"type": "test", "x": "x" * (room - 1)}, 1)
    assert verify_own(message) == verify_value(message, None)
    assert not isinstance(verify_own(message), Verified)


def _is_refused(text: str) -> bool:
    try:
        create(None, KEYS, None, {"type": "test", "x": text}, 1)
    except RefusedContent:
        return True
    return False


def test_a_box_may_be_the_content() -> None:
    assert create(None, KEYS, None, "AAAA.box", 1.5)["content"] == "AAAA.box"


@pytest.mark.parametrize(
    "content",
    [None, 5, "", "text", [], {}, {"type": "ab"}, {"type": 5}, {"type": "test", "x": "x" * 8192}],
)
def test_content_that_no_message_can_hold_is_refused(content: Json) -> None:
    with pytest.raises(RefusedContent):
        create(None, KEYS, None, content, 1)


def test_a_timestamp_is_a_number() -> None:
    with pytest.raises(RefusedContent, match="timestamp"):
        create(None, KEYS, None, {"type": "test"}, float("nan"))


def test_a_feed_ends_at_the_largest_sequence() -> None:
    with pytest.raises(RefusedContent, match="properties"):
        create(Head(bytes(32), 2**31 - 1), KEYS, None, {"type": "test"}, 1)


def test_content_that_explodes_when_indented_is_refused_in_time() -> None:
    deep: Json = []
    for _ in range(30_000):
        deep = [deep]
    with pytest.raises(RefusedContent, match=r"larger than 8192 bytes$"):
        create(None, KEYS, None, {"type": "test", "deep": deep}, 1)
