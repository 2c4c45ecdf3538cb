"""What can go wrong with a store, and whose fault it is.

StoreError            ours: the folder named in the text cannot be used
├── StoreLocked       another process has it open
├── StoreDamaged      its files contradict each other; nothing was changed
├── StoreFull         the disk has no room for it: trying again later may help
└── StoreClosed       used after `close`: a bug in the program
"""

__all__ = ["StoreClosed", "StoreDamaged", "StoreError", "StoreFull", "StoreLocked"]


class StoreError(Exception):
    """A database cannot be opened, read or written; the text names its folder."""


class StoreLocked(StoreError):  # noqa: N818  reads as what is the matter
    """Another process holds the database open: there is one writer and no second."""


class StoreDamaged(StoreError):  # noqa: N818  reads as what is the matter
    """The files of the database are incomplete or their checksums do not match."""


class StoreFull(StoreError):  # noqa: N818  reads as what is the matter
    """The disk is full, or so nearly that the rest is kept; nothing of the batch was written."""


class StoreClosed(StoreError):  # noqa: N818  reads as what is the matter
    """The store was closed before this call."""
