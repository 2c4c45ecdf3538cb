"""What a copy of a file does not keep: when the file itself came to be, or, where that is not told, its inode.

Knows `statx` of Linux, which Python 3.11 does not offer; never what is in a file. A file that was copied, unpacked
or restored is another one by this; a renamed, changed, chowned or restarted-upon one is the same. Called by
`own_file`.
"""

import ctypes
import os
from struct import Struct
from typing import Final, NamedTuple

__all__ = ["Birth", "birth_of"]

_AT_EMPTY_PATH: Final = 0x1000
_STATX_BTIME: Final = 0x800
_STATX_BYTES: Final = 256
_MASK: Final = Struct("I")
_BTIME: Final = Struct("qI")
_BTIME_AT: Final = 80


class Birth(NamedTuple):
    """Which file it is; `born` in nanoseconds since 1970, 0 where the file system does not tell."""

    inode: int
    born: int

    def is_same(self, other: "Birth") -> bool:
        """Whether both are one file: by birth where both tell it, for inodes are used again."""
        if self.born and other.born:
            return self.born == other.born
        return self.inode == other.inode


def birth_of(file: int) -> Birth:
    """Tell which file a descriptor belongs to."""
    return Birth(os.fstat(file).st_ino, _born(file))


def _born(file: int) -> int:
    statx = getattr(ctypes.CDLL(None), "statx", None)
    if statx is None:
        return 0
    found = ctypes.create_string_buffer(_STATX_BYTES)
    if statx(file, b"", _AT_EMPTY_PATH, _STATX_BTIME, found):
        return 0
    if not _MASK.unpack_from(found.raw)[0] & _STATX_BTIME:
        return 0
    seconds, nanoseconds = _BTIME.unpack_from(found.raw, _BTIME_AT)
    return int(seconds) * 1_000_000_000 + int(nanoseconds)
