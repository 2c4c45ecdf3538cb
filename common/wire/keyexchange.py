"""The arithmetic of the secret handshake: what each of its four messages says and proves.

Stateless: every function takes all it needs and gives None where a peer's message proves nothing. Knows
nothing of the order of messages, which `handshake` keeps. Names follow the protocol guide (section "Handshake"):
capital letters are long-term keys, small ones ephemeral, A and a the client's, B and b the server's.
"""

from hmac import compare_digest

from common.crypto import sodium

__all__ = [
    "ACCEPT_BYTES",
    "CHALLENGE_BYTES",
    "HELLO_BYTES",
    "box_keys",
    "challenge",
    "client_proof",
    "ephemeral_keys",
    "nonce_of",
    "of_identity",
    "open_accept",
    "open_challenge",
    "open_hello",
    "seal_accept",
    "seal_hello",
    "secret_for_accept",
    "secret_for_hello",
    "with_ephemeral",
    "with_identity",
]

CHALLENGE_BYTES = 64
HELLO_BYTES = 112
ACCEPT_BYTES = 80
_SIGNATURE = 64
_MAC = 32
_NONCE = 24
# Each of the two boxes has a key of its own that is used once, so the nonce may be constant.
_ZERO_NONCE = bytes(_NONCE)


def ephemeral_keys(seed: bytes) -> tuple[bytes, bytes]:
    """Curve25519 keys (public, secret) of one handshake, from 32 random bytes.

    Raises:
        ValueError: the seed has not 32 bytes.
    """
    _, secret = sodium.keypair(seed)
    curve = sodium.convert_secret(secret)
    return sodium.scalarmult_base(curve), curve


def challenge(app_key: bytes, public: bytes) -> bytes:
    """Message 1 or 2 (64 bytes): an ephemeral key, and proof of knowing the network key."""
    return sodium.hmac_512_256(public, app_key) + public


def open_challenge(app_key: bytes, message: bytes) -> bytes | None:
    """The ephemeral key (32 bytes) in message 1 or 2, or None when it is of another network."""
    if len(message) != CHALLENGE_BYTES:
        return None
    public = message[_MAC:]
    if not compare_digest(message[:_MAC], sodium.hmac_512_256(public, app_key)):
        return None
    return public


def nonce_of(app_key: bytes, public: bytes) -> bytes:
    """First nonce (24 bytes) of the box stream towards the owner of an ephemeral key."""
    return sodium.hmac_512_256(public, app_key)[:_NONCE]


def with_ephemeral(secret: bytes, public: bytes) -> bytes | None:
    """Secret shared between two ephemeral keys; None when the peer's is of small order."""
    return sodium.scalarmult(secret, public)


def of_identity(secret: bytes, public: bytes) -> bytes | None:
    """Secret shared between our identity (64-byte secret) and an ephemeral key; None for a small order."""
    return sodium.scalarmult(sodium.convert_secret(secret), public)


def with_identity(secret: bytes, public: bytes) -> bytes | None:
    """Secret shared between a Curve25519 key and an Ed25519 identity; None for a weak identity."""
    curve = sodium.convert_public(public)
    return None if curve is None else sodium.scalarmult(secret, curve)


def secret_for_hello(app_key: bytes, shared_ab: bytes, shared_a_b: bytes) -> bytes:
    """Key of the box of message 3, from the secrets a*b and a*B."""
    return sodium.sha256_digest(app_key + shared_ab + shared_a_b)


def secret_for_accept(
    app_key: bytes, shared_ab: bytes, shared_a_b: bytes, shared_ba: bytes
) -> bytes:
    """Key of the box of message 4, from the secrets a*b, a*B and A*b."""
    return sodium.sha256_digest(app_key + shared_ab + shared_a_b + shared_ba)


def client_proof(
    app_key: bytes, shared_ab: bytes, server: bytes, keys: tuple[bytes, bytes]
) -> bytes:
    """What message 3 holds (96 bytes): the client's signature over whom it means to call, and its key."""
    public, secret = keys
    return sodium.sign(secret, app_key + server + sodium.sha256_digest(shared_ab)) + public


def seal_hello(proof: bytes, secret: bytes) -> bytes:
    """Message 3 (112 bytes)."""
    return sodium.box_seal(proof, _ZERO_NONCE, secret)


def open_hello(
    app_key: bytes, shared_ab: bytes, server: bytes, secret: bytes, message: bytes
) -> bytes | None:
    """The client's proof in message 3, whose last 32 bytes are its identity; None when it proves nothing."""
    if len(message) != HELLO_BYTES:
        return None
    proof = sodium.box_open(message, _ZERO_NONCE, secret)
    if proof is None:
        return None
    signed = app_key + server + sodium.sha256_digest(shared_ab)
    return proof if sodium.verify(proof[_SIGNATURE:], proof[:_SIGNATURE], signed) else None


def seal_accept(
    app_key: bytes, shared_ab: bytes, proof: bytes, server_secret: bytes, secret: bytes
) -> bytes:
    """Message 4 (80 bytes): the server's signature over the client's proof."""
    signature = sodium.sign(server_secret, app_key + proof + sodium.sha256_digest(shared_ab))
    return sodium.box_seal(signature, _ZERO_NONCE, secret)


def open_accept(
    app_key: bytes, shared_ab: bytes, proof: bytes, message: bytes, *, server: bytes, secret: bytes
) -> bool:
    """Whether message 4 is the server's acceptance of this very proof."""
    if len(message) != ACCEPT_BYTES:
        return False
    signature = sodium.box_open(message, _ZERO_NONCE, secret)
    signed = app_key + proof + sodium.sha256_digest(shared_ab)
    return signature is not None and sodium.verify(server, signature, signed)


def box_keys(secret: bytes, local: bytes, remote: bytes) -> tuple[bytes, bytes]:
    """Keys of the box stream (to encrypt, to decrypt) of the side whose identity is `local`."""
    session = sodium.sha256_digest(secret)
    return sodium.sha256_digest(session + remote), sodium.sha256_digest(session + local)
