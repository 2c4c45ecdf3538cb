"""What the section `blobs` of the settings says; the names are those of ssb-blobs, the defaults in config/defaults.toml.

Knows types only. Read by `__main__`.
"""

import msgspec

__all__ = ["Blobs", "BlobsPurge", "Mentions", "Quota"]


class Quota(msgspec.Struct, frozen=True, rename="camel"):
    """How much may stay: bytes, and days without use; 0 is no limit."""

    total: int
    author: int
    far: int
    hops: int
    age: float


class Mentions(msgspec.Struct, frozen=True, rename="camel"):
    """Whose mentions are wanted; `max` in bytes, 0 is no limit of its own."""

    hops: int
    max: int
    types: tuple[str, ...]


class BlobsPurge(msgspec.Struct, frozen=True, rename="camel"):
    """The section `blobsPurge` (ssb-blobs-purge); 0 leaves it to who calls `blobsPurge.start`."""

    cpu_max: float
    storage_limit: int


class Blobs(msgspec.Struct, frozen=True, rename="camel"):
    """The section. Sizes in bytes, times in milliseconds."""

    stingy: bool
    sympathy: int
    pushy: int
    legacy: bool
    max: int
    fetches: int
    fetches_per_peer: int
    stall: int
    reserve: int
    quota: Quota
    mentions: Mentions
