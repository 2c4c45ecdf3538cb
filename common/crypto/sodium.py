"""The few functions of libsodium that Secure Scuttlebutt stands on, over plain bytes.

The only importer of nacl together with its sibling modules. Failure of a check is an answer here
(False or None), because the bytes come from strangers; a wrong length of our own arguments is a bug and
raises ValueError.
"""

from hashlib import sha256
from hmac import digest as hmac_digest

from nacl import bindings
from nacl.exceptions import CryptoError

__all__ = [
    "KEY_BYTES",
    "box_open",
    "box_seal",
    "convert_public",
    "convert_secret",
    "hmac_512_256",
    "keypair",
    "scalarmult",
    "scalarmult_base",
    "sha256_digest",
    "sign",
    "verify",
]

KEY_BYTES = 32  # of Curve25519, public and secret
_SIGNATURE = 64


def keypair(seed: bytes) -> tuple[bytes, bytes]:
    """Ed25519 keys (public 32 bytes, secret 64 bytes) grown from a seed of 32 bytes."""
    public, secret = bindings.crypto_sign_seed_keypair(seed)
    return bytes(public), bytes(secret)


def sign(secret: bytes, message: bytes) -> bytes:
    """Detached Ed25519 signature (64 bytes) of a message under a 64-byte secret key."""
    return bytes(bindings.crypto_sign(message, secret)[:_SIGNATURE])


def verify(public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether a detached signature holds, as libsodium judges it (S >= L and small orders refused)."""
    if len(signature) != _SIGNATURE:
        return False
    try:
        bindings.crypto_sign_open(signature + message, public)
    except CryptoError:
        return False
    return True


def scalarmult(secret: bytes, public: bytes) -> bytes | None:
    """Curve25519 shared secret (32 bytes), or None when the point is of small order."""
    try:
        return bytes(bindings.crypto_scalarmult(secret, public))
    except CryptoError:
        return None


def scalarmult_base(secret: bytes) -> bytes:
    """Curve25519 public key of a 32-byte secret."""
    return bytes(bindings.crypto_scalarmult_base(secret))


def convert_public(public: bytes) -> bytes | None:
    """Curve25519 form of an Ed25519 public key, or None for one that is no good point."""
    try:
        return bytes(bindings.crypto_sign_ed25519_pk_to_curve25519(public))
    except CryptoError:
        return None


def convert_secret(secret: bytes) -> bytes:
    """Curve25519 form of a 64-byte Ed25519 secret key."""
    return bytes(bindings.crypto_sign_ed25519_sk_to_curve25519(secret))


def box_seal(message: bytes, nonce: bytes, key: bytes) -> bytes:
    """XSalsa20-Poly1305: tag (16 bytes), then ciphertext."""
    return bytes(bindings.crypto_secretbox(message, nonce, key))


def box_open(boxed: bytes, nonce: bytes, key: bytes) -> bytes | None:
    """Plaintext of a box made by `box_seal`, or None when it was not made with this key and nonce."""
    try:
        return bytes(bindings.crypto_secretbox_open(boxed, nonce, key))
    except CryptoError:
        return None


def hmac_512_256(message: bytes, key: bytes) -> bytes:
    """HMAC-SHA-512 cut to 32 bytes (libsodium's crypto_auth); the key has 32 bytes."""
    return hmac_digest(key, message, "sha512")[:32]


def sha256_digest(message: bytes) -> bytes:
    """SHA-256, 32 bytes."""
    return sha256(message).digest()
