import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.refs import feed_id
from common.refs.legacy import (
    LegacyAddress,
    from_multiserver,
    from_text,
    is_address,
    is_address_object,
    key_of,
    parse_address,
)

KEY = feed_id(bytes(32))
BASE64 = KEY[1:45]


@given(
    st.sampled_from(["127.0.0.1", "localhost", "pub.example.com", "x.onion"]),
    st.integers(0, 65536),
    st.binary(min_size=32, max_size=32),
)
def test_legacy_addresses_come_back_from_multiserver(host: str, port: int, key: bytes) -> None:
    address = LegacyAddress(host, port, feed_id(key))
    assert address.is_valid
    assert from_multiserver(address.multiserver()) == address
    assert key_of(address.multiserver()) == feed_id(key)
    assert is_address(address.multiserver())
    assert is_address(f"{host}:{port}:{address.key}")
    assert parse_address(f"{host}:{port}:{address.key}") == address


def test_websocket_hosts_keep_their_scheme() -> None:
    text = f"ws://example.com:8989~shs:{BASE64}"
    address = from_multiserver(text)
    assert address == LegacyAddress("ws://example.com", 8989, KEY)
    assert address.multiserver() == text


def test_an_invites_seed_is_kept_apart() -> None:
    address = from_multiserver(f"net:localhost:1~shs:{BASE64}::seed")
    assert address is not None
    assert address.seed == "seed"
    address = from_multiserver(f"net:localhost:1~shs:{BASE64}::")
    assert address is not None
    assert address.seed is None


@pytest.mark.parametrize(
    "text",
    [
        "net:localhost:1",
        f"foo:localhost:1~shs:{BASE64}",
        f"net~shs:{BASE64}",
        "net:localhost:1~shs",
        f"net:localhost:x~shs:{BASE64}",
        "no address~",
    ],
)
def test_what_we_cannot_dial(text: str) -> None:
    assert from_multiserver(text) is None
    assert parse_address(f"{text}~") is None


def test_text_without_parts() -> None:
    assert from_text("abc") == LegacyAddress("", 8008, "abc")
    assert from_text("a::b") == LegacyAddress("a", 8008, "b")
    assert math.isnan(from_text("a:b:c").port)
    assert not is_address("abc")
    assert not is_address(KEY)


def test_objects() -> None:
    fields = {"host": "localhost", "port": 1, "key": KEY}
    assert is_address_object(fields)
    assert is_address_object({**fields, "port": "1"})
    assert not is_address_object({**fields, "port": None})
    assert not is_address_object({})


def test_only_a_valid_address_has_a_multiserver_form() -> None:
    with pytest.raises(ValueError, match="not an address"):
        LegacyAddress("no host", 1, KEY).multiserver()


def test_nobody_is_named_without_shs() -> None:
    assert key_of("net:localhost:1") is None
    assert key_of("~") is None
    assert key_of("net:a:1~shs") == "@undefined.ed25519"
