"""The ordered key-value port, with RocksDB and in-memory adapters."""

from common.store.errors import StoreClosed, StoreDamaged, StoreError, StoreFull, StoreLocked
from common.store.memory import open_memory
from common.store.port import Batch, Renewal, Store, next_prefix
from common.store.rocks import free_bytes, open_rocks

__all__ = [
    "Batch",
    "Renewal",
    "Store",
    "StoreClosed",
    "StoreDamaged",
    "StoreError",
    "StoreFull",
    "StoreLocked",
    "free_bytes",
    "next_prefix",
    "open_memory",
    "open_rocks",
]
