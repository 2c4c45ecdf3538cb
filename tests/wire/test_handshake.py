from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.crypto import sodium
from common.wire.errors import HandshakeError
from common.wire.handshake import Client, Server

SEEDS = st.binary(min_size=32, max_size=32)
APP_KEY = bytes(range(32))
SIZES = st.lists(st.integers(1, 40), max_size=20)
# A point of small order: multiplied by anything it gives zero.
SMALL_ORDER = bytes(32)
# An Ed25519 key of small order (y = 1): no good identity.
WEAK_IDENTITY = bytes([1]) + bytes(31)


@dataclass
class Pair:
    client: Client
    server: Server


def pair(app_key: bytes = APP_KEY, server_key: bytes | None = None) -> Pair:
    alice, bob = sodium.keypair(b"a" * 32), sodium.keypair(b"b" * 32)
    return Pair(
        Client(APP_KEY, *alice, server_key or bob[0], b"c" * 32),
        Server(app_key, *bob, b"d" * 32),
    )


def refused(call: Callable[..., object], *args: object) -> HandshakeError:
    with pytest.raises(HandshakeError) as caught:
        call(*args)
    return caught.value


def feed(role: Client | Server, data: bytes, sizes: list[int]) -> None:
    for size in sizes:
        role.receive_data(data[:size])
        data = data[size:]
    role.receive_data(data)


@settings(max_examples=60)
@given(st.lists(SEEDS, min_size=5, max_size=5), SIZES, st.binary(max_size=50))
def test_both_roles_agree(seeds: list[bytes], sizes: list[int], surplus: bytes) -> None:
    app_key, a, b = seeds[:3]
    alice, bob = sodium.keypair(seeds[3]), sodium.keypair(seeds[4])
    client, server = Client(app_key, *alice, bob[0], a), Server(app_key, *bob, b)
    feed(server, client.data_to_send(), sizes)
    feed(client, server.data_to_send(), sizes)
    feed(server, client.data_to_send(), sizes)
    assert server.client == alice[0]
    assert server.data_to_send() == b""
    server.accept()
    feed(client, server.data_to_send() + surplus, sizes)
    mine, theirs = client.outcome, server.outcome
    assert mine
    assert theirs
    assert (mine.remote, theirs.remote) == (bob[0], alice[0])
    assert (mine.encrypt_key, mine.encrypt_nonce) == (theirs.decrypt_key, theirs.decrypt_nonce)
    assert (mine.decrypt_key, mine.decrypt_nonce) == (theirs.encrypt_key, theirs.encrypt_nonce)
    assert client.leftover == surplus
    assert mine.encrypt_key.hex() not in repr(mine)
    client.receive_eof()
    server.receive_eof()


def test_another_network_is_refused_by_the_server() -> None:
    both = pair(app_key=bytes(32))
    error = refused(both.server.receive_data, both.client.data_to_send())
    assert error.phase == 1
    assert "caps.shs" in str(error)
    assert both.server.data_to_send() == b""
    assert refused(both.server.receive_data, b"more") is error
    assert refused(both.server.receive_eof) is error
    assert refused(both.server.accept) is error


def test_another_network_is_refused_by_the_client() -> None:
    both, other = pair(), pair(app_key=bytes(32))
    error = refused(both.client.receive_data, other.server.data_to_send() + bytes(64))
    assert error.phase == 2
    assert refused(both.client.receive_eof) is error


def small_order_challenge(app_key: bytes) -> bytes:
    return sodium.hmac_512_256(SMALL_ORDER, app_key) + SMALL_ORDER


def test_points_of_small_order_are_refused() -> None:
    both = pair()
    challenge = small_order_challenge(APP_KEY)
    assert refused(both.server.receive_data, challenge).phase == 1
    assert refused(both.client.receive_data, challenge).phase == 2


@pytest.mark.parametrize("role", ["client", "server"])
def test_a_weak_product_with_the_identity_is_refused(
    role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = pair()
    both.server.receive_data(both.client.data_to_send())
    both.client.receive_data(both.server.data_to_send())
    hello = both.client.data_to_send()
    monkeypatch.setattr("common.wire.keyexchange.of_identity", lambda _secret, _public: None)
    if role == "server":
        assert refused(both.server.receive_data, hello).phase == 3
    else:
        assert refused(both.client.receive_data, bytes(80)).phase == 5


def test_a_weak_identity_of_the_client_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    both = pair()
    both.server.receive_data(both.client.data_to_send())
    both.client.receive_data(both.server.data_to_send())
    hello = both.client.data_to_send()
    monkeypatch.setattr("common.wire.keyexchange.with_identity", lambda _secret, _public: None)
    assert refused(both.server.receive_data, hello).phase == 3
    assert both.server.client is None


def test_an_address_with_a_weak_key_is_refused() -> None:
    both = pair(server_key=WEAK_IDENTITY)
    both.server.receive_data(both.client.data_to_send())
    error = refused(both.client.receive_data, both.server.data_to_send())
    assert error.phase == 3
    assert "address" in str(error)
    assert both.client.data_to_send() == b""


def test_a_call_to_another_key_is_refused() -> None:
    both = pair(server_key=sodium.keypair(b"x" * 32)[0])
    both.server.receive_data(both.client.data_to_send())
    both.client.receive_data(both.server.data_to_send())
    assert refused(both.server.receive_data, both.client.data_to_send()).phase == 3


def test_a_wrong_acceptance_is_refused() -> None:
    both = pair()
    both.server.receive_data(both.client.data_to_send())
    both.client.receive_data(both.server.data_to_send())
    assert refused(both.client.receive_data, bytes(80)).phase == 5
    assert both.client.outcome is None


def test_the_server_may_refuse() -> None:
    both = pair()
    both.server.receive_data(both.client.data_to_send())
    both.client.receive_data(both.server.data_to_send())
    both.server.receive_data(both.client.data_to_send())
    error = refused(both.server.refuse, "blocked")
    assert error.phase == 4
    assert "blocked" in str(error)
    assert both.server.data_to_send() == b""
    assert refused(both.client.receive_eof).phase == 3


def test_hanging_up_names_the_phase() -> None:
    both = pair()
    assert refused(both.client.receive_eof).phase == 1
    assert refused(pair().server.receive_eof).phase == 1
    both = pair()
    both.server.receive_data(both.client.data_to_send())
    assert refused(both.server.receive_eof).phase == 2
    both = pair()
    both.server.receive_data(both.client.data_to_send())
    both.client.receive_data(both.server.data_to_send())
    both.server.receive_data(both.client.data_to_send())
    assert refused(both.server.receive_eof).phase == 4


def test_nobody_can_be_accepted_before_the_hello() -> None:
    with pytest.raises(ValueError, match="no client waits"):
        pair().server.accept()
