"""What the handshake itself can not show: single messages of a wrong length or content."""

from common.crypto import sodium
from common.wire import keyexchange as kx

APP_KEY = bytes(range(32))
PUBLIC, SECRET = sodium.keypair(b"k" * 32)


def test_messages_of_another_length_prove_nothing() -> None:
    assert kx.open_challenge(APP_KEY, bytes(63)) is None
    assert kx.open_hello(APP_KEY, bytes(32), PUBLIC, bytes(32), bytes(111)) is None
    assert not kx.open_accept(
        APP_KEY, bytes(32), bytes(96), bytes(81), server=PUBLIC, secret=bytes(32)
    )


def test_a_hello_for_somebody_else_proves_nothing() -> None:
    proof = kx.client_proof(APP_KEY, bytes(32), b"s" * 32, (PUBLIC, SECRET))
    message = kx.seal_hello(proof, b"k" * 32)
    assert kx.open_hello(APP_KEY, bytes(32), b"s" * 32, b"k" * 32, message) == proof
    assert kx.open_hello(APP_KEY, bytes(32), b"t" * 32, b"k" * 32, message) is None
    assert kx.open_hello(APP_KEY, bytes(32), b"s" * 32, b"l" * 32, message) is None


def test_an_acceptance_is_of_one_proof() -> None:
    message = kx.seal_accept(APP_KEY, bytes(32), b"p" * 96, SECRET, b"k" * 32)
    assert len(message) == kx.ACCEPT_BYTES
    assert kx.open_accept(APP_KEY, bytes(32), b"p" * 96, message, server=PUBLIC, secret=b"k" * 32)
    assert not kx.open_accept(
        APP_KEY, bytes(32), b"q" * 96, message, server=PUBLIC, secret=b"k" * 32
    )


def test_a_weak_identity_shares_no_secret() -> None:
    assert kx.with_identity(b"s" * 32, bytes([1]) + bytes(31)) is None
    assert kx.with_ephemeral(b"s" * 32, bytes(32)) is None
    assert kx.of_identity(SECRET, bytes(32)) is None
