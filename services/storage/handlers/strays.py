"""Messages by their ids, wherever they are: in the log, or beside it because they came out of order.

Called by the bus through `actor`: replication answers peers with them and brings what it fetched.
"""

from typing import Any

from common.bus import Call, CallerError, OurError
from common.feed.record import Candidate, Record, RecordError
from common.refs.ids import is_message, raw
from common.runtime.clock import wall_ms
from common.store import StoreError
from services.storage.adapters.database import MAX_SLICE, Database

__all__ = ["StrayHandlers"]

MAX_KEYS = 1_000
MAX_MESSAGES = 100


class StrayHandlers:
    """The methods around messages that came out of order."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, call: Call) -> None:
        """`ooo.find`: the messages with these ids, in their order; an empty body where there is none."""
        given = call.args[0] if call.args and isinstance(call.args[0], dict) else {}
        keys = given.get("keys")
        if not isinstance(keys, list) or len(keys) > MAX_KEYS or not all(map(is_message, keys)):
            raise CallerError(f"keys must be a list of at most {MAX_KEYS} message ids")
        for start in range(0, len(keys), MAX_SLICE):
            await call.send(self._find([raw(key) for key in keys[start : start + MAX_SLICE]]))

    async def put(self, call: Call) -> dict[str, Any]:
        """`ooo.put`: keep messages that were verified but belong to no feed that is followed; not deleted ones.

        What was lost of the log goes back to its place.
        """
        if not 0 < len(call.bodies) <= MAX_MESSAGES:
            raise CallerError(f"1 to {MAX_MESSAGES} messages must come with the call")
        try:
            messages = [Candidate.parse(body) for body in call.bodies]
        except RecordError as error:
            raise CallerError(str(error)) from error
        try:
            others = self._database.losses.restore(messages)
            known = self._database.records_of([message.key for message in others])
            new = [message for message, record in zip(others, known, strict=True) if record is None]
            self._database.strays.put(new, wall_ms())
        except StoreError as error:
            raise OurError(str(error), "no_space") from error
        return {"stored": len(messages)}

    def _find(self, keys: list[bytes]) -> list[bytes]:
        found = self._database.records_of(keys)
        absent = [key for key, record in zip(keys, found, strict=True) if record is None]
        others = iter(self._database.strays.find(absent))
        records = [next(others) if record is None else record for record in found]
        return [Record.parse(record).message if record else b"" for record in records]
