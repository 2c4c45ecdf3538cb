"""The store in memory: for tests, and for what may be forgotten.

Keeps each family as a dictionary and a sorted list of its keys. Never touches a disk.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from common.store.errors import StoreClosed, StoreError
from common.store.port import Batch, Renewal, Store

__all__ = ["open_memory"]


class _Family:
    __slots__ = ("keys", "values")

    def __init__(self) -> None:
        self.values: dict[bytes, bytes] = {}
        self.keys: list[bytes] = []

    def put(self, key: bytes, value: bytes) -> None:
        if key not in self.values:
            insort(self.keys, key)
        self.values[key] = value

    def delete(self, key: bytes) -> None:
        if self.values.pop(key, None) is not None:
            del self.keys[bisect_left(self.keys, key)]

    def between(self, start: bytes, end: bytes | None) -> list[bytes]:
        stop = len(self.keys) if end is None else bisect_left(self.keys, end)
        return self.keys[bisect_left(self.keys, start) : stop]


class _MemoryRenewal:
    def __init__(self, store: "_MemoryStore", families: Sequence[str]) -> None:
        self._store = store
        self.families = {name: _Family() for name in families}

    def write(self, batch: Batch) -> None:
        _apply(self.families, batch.operations)

    def finish(self) -> None:
        self._store.renewed(self.families)

    def cancel(self) -> None:
        self._store.renewed({})


class _MemoryStore:
    def __init__(self, families: dict[str, _Family]) -> None:
        self._families: dict[str, _Family] | None = families
        self._renewal: _MemoryRenewal | None = None

    @property
    def _open(self) -> dict[str, _Family]:
        if self._families is None:
            raise StoreClosed("the store in memory is closed")
        return self._families

    def get(self, family: str, key: bytes) -> bytes | None:
        return self._open[family].values.get(key)

    def get_many(self, family: str, keys: Sequence[bytes]) -> list[bytes | None]:
        return [self._open[family].values.get(key) for key in keys]

    def scan(
        self,
        family: str,
        start: bytes = b"",
        end: bytes | None = None,
        *,
        reverse: bool = False,
        limit: int | None = None,
    ) -> Iterator[tuple[bytes, bytes]]:
        chosen = self._open[family]
        keys = chosen.between(start, end)
        pairs = [(key, chosen.values[key]) for key in keys]
        return islice(reversed(pairs) if reverse else iter(pairs), limit)

    def write(self, batch: Batch, *, sync: bool) -> None:  # noqa: ARG002  nothing outlives the process
        _apply(self._open, batch.operations)
        if self._renewal is not None:
            new = self._renewal.families
            _apply(new, [one for one in batch.operations if one[0] in new])

    def renew(self, families: Sequence[str]) -> Renewal:
        _ = [self._open[name] for name in families]
        if self._renewal is not None:
            raise StoreError("the store in memory is being renewed")
        self._renewal = _MemoryRenewal(self, families)
        return self._renewal

    def renewed(self, families: dict[str, _Family]) -> None:
        """What a renewal ends with."""
        self._open.update(families)
        self._renewal = None

    def flush(self) -> None:
        _ = self._open

    def compact(self, family: str, start: bytes = b"", end: bytes | None = None) -> None:
        self._open[family].between(start, end)

    def size(self) -> int:
        rows = [row for family in self._open.values() for row in family.values.items()]
        return sum(len(key) + len(value) for key, value in rows)

    def checkpoint(self, path: Path) -> None:
        raise StoreError(f"a store in memory has no copy to put into {path}")

    def close(self) -> None:
        self._families = None


def _apply(
    families: dict[str, _Family], operations: Sequence[tuple[str, bytes, bytes | None]]
) -> None:
    chosen = [families[family] for family, _, _ in operations]
    for family, (_, key, value) in zip(chosen, operations, strict=True):
        if value is None:
            family.delete(key)
        else:
            family.put(key, value)


def open_memory(families: Sequence[str]) -> Store:
    """An empty store with these families."""
    return _MemoryStore({name: _Family() for name in families})
