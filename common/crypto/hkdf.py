"""HKDF with SHA-256 (RFC 5869), for one block of 32 bytes: all that is ever asked of it here.

Knows bytes, never what they are for. `common.crypto.envelope` and `common.crypto.shared_key` call it.
"""

from hmac import digest

KEY_BYTES = 32


def extract(salt: bytes, material: bytes) -> bytes:
    """A key (32 bytes) out of material that is secret but not evenly so."""
    return digest(salt, material, "sha256")


def expand(key: bytes, info: bytes) -> bytes:
    """Another key (32 bytes), of a key and of what it is for."""
    return digest(key, info + b"\1", "sha256")
