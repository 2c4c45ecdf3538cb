import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.refs import blob_id, feed_id, message_id
from common.refs.links import (
    Link,
    find_link,
    is_blob_link,
    is_link,
    is_message_link,
    kind_of,
    normalize_channel,
    parse_link,
)

KEY = bytes(32)
FEED, MESSAGE, BLOB = feed_id(KEY), message_id(KEY), blob_id(KEY)


@given(st.binary(min_size=32, max_size=32))
def test_ids_are_links(key: bytes) -> None:
    assert is_link(feed_id(key))
    assert is_message_link(f"{message_id(key)}?a=b")
    assert is_blob_link(f"{blob_id(key)}?unbox={message_id(key)}")
    assert parse_link(blob_id(key)) == Link(blob_id(key), None)
    assert find_link(f"see {message_id(key)}!") == message_id(key)


def test_a_link_is_of_one_kind() -> None:
    assert not is_blob_link(MESSAGE)
    assert not is_message_link(BLOB)
    assert not is_link("@a.ed25519")


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("a=b", {"a": "b"}),
        ("a=1&a=2&&b", {"a": ["1", "2"], "b": ""}),
        ("unbox=a+b/c=.boxs", {"unbox": "a+b/c=.boxs"}),
        ("x=a+b", {"x": "a b"}),
        ("type=image%2Fpng", {"type": "image/png"}),
        ("x=%e2%82%ac", {"x": "\u20ac"}),
        ("x=%ff", {"x": "\ufffd"}),
        ("x=%41%zz", {"x": "A%zz"}),
    ],
)
def test_queries(query: str, fields: dict[str, str]) -> None:
    assert parse_link(f"{BLOB}?{query}") == Link(BLOB, fields)  # type: ignore[arg-type]


def test_what_is_no_link_has_no_parts() -> None:
    assert parse_link("hello") is None
    assert parse_link(f"{BLOB}?a\nb") is None


def test_links_are_found_in_encoded_text() -> None:
    assert find_link("/blobs/get/%26" + BLOB[1:].replace("/", "%2F")) == BLOB
    assert find_link(f"&amp;{BLOB[1:]}") == BLOB
    assert find_link("%zz") is None
    assert find_link("%ff") is None


def test_kinds() -> None:
    address = f"net:localhost:1~shs:{FEED[1:45]}"
    assert kind_of(FEED) == "feed"
    assert kind_of(MESSAGE) == "msg"
    assert kind_of(BLOB) == "blob"
    assert kind_of(address) == "address"
    assert kind_of(f"localhost:1:{FEED}~{FEED[1:45]}") == "invite"
    assert kind_of("hello") is None


@given(st.text())
def test_a_channels_name_is_normal_once(text: str) -> None:
    name = normalize_channel(text)
    assert name is None or len(name.encode("utf-16-le", "surrogatepass")) <= 60


def test_channels() -> None:
    assert normalize_channel(" #Hello, World! ") == "helloworld"
    assert normalize_channel("#") is None
    assert normalize_channel("x" * 29 + "\U0001f600") == "x" * 29 + "\ud83d"
