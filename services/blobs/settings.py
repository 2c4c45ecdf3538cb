"""What the section `blobs` of the settings says; the names are those of ssb-blobs, the defaults in config/defaults.toml.

Knows types only. Read by `__main__`.
"""

import msgspec

__all__ = ["Blobs"]


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
