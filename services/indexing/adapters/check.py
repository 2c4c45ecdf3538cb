"""Whether the views are what the log gives: each message is folded again and compared with the rows that are there.

Rows are compared by a sum of their hashes, which needs no order and no room: rows of one moment, against the messages up to
that moment. Knows the index and the log. Called by `views.check`.
"""

from collections.abc import AsyncIterator, Iterator
from hashlib import blake2b

from common.runtime.turns import Turns
from services.indexing.adapters.log import Log
from services.indexing.model.index import BOTH, Index
from services.indexing.model.view import Fields, Row

__all__ = ["check"]

STEP = 10_000
"""Messages between two items of progress."""
ROWS = 100
"""Between two looks at the time."""
_BYTES = 16
_MODULUS = 1 << (8 * _BYTES)


def _hash(row: Fields) -> int:
    key, value, space = row
    told = blake2b(value, digest_size=_BYTES, key=space)
    told.update(len(value).to_bytes(8) + key)
    return int.from_bytes(told.digest())


async def _sum(rows: Iterator[Row]) -> int:
    total, turns = 0, Turns()
    for count, row in enumerate(rows):
        total += _hash(row)
        if count % ROWS == 0:
            await turns.rest()
    return total % _MODULUS


async def check(index: Index, log: Log) -> AsyncIterator[dict[str, object]]:
    """Progress in messages, and then for each view whether it is what the log gives.

    Raises: Unavailable.
    """
    # Of one moment: a scan sees nothing that is written after it was opened.
    positions = index.positions()
    scans = {name: index.scan(name, spaces=BOTH) for name in positions}
    found = {}
    for name, rows in scans.items():
        found[name] = await _sum(rows)
    expected = dict.fromkeys(positions, 0)
    end, views = max(positions.values(), default=0), index.views()
    turns = Turns()
    async for first, records in log.read(0, live=False, limit=end):
        for position, message in index.messages(first, records):
            for name, view in views.items():
                if position <= positions[name]:
                    expected[name] += sum(_hash(row) for row in view.rows(message))
            await turns.rest()
        last = first + len(records) - 1
        if last // STEP != (first - 1) // STEP or last == end:
            yield {"checked": last, "of": end}
    for name in sorted(positions):
        yield {"view": name, "ok": expected[name] % _MODULUS == found[name]}
