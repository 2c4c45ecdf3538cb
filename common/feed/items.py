"""What a stream of messages gives: options as clients write them, items as clients read them.

Knows the shapes of ssb-db's streams (`{key, value, timestamp}`, bare values, bare keys). Never parses
a message: items are joined from the bytes of the log's records. `storage`, `indexing` and `replication`
serve streams with it.
"""

from base64 import b64encode
from collections.abc import Mapping
from math import inf
from typing import Any, NamedTuple

from common.feed.record import Record

__all__ = ["SYNC", "OptionError", "StreamOptions", "item_of", "js_number", "read_options"]

#: Stands between what was there and what comes, in a live stream that gives both.
SYNC = b'{"sync":true}'


class OptionError(ValueError):
    """The caller's options make no sense; the text names the option."""


class StreamOptions(NamedTuple):
    """The options that all streams of ssb-db share; a bound is (value, inclusive), None is none.

    `limit` -1 is none. `sync` says whether a live stream marks the end of the old messages, `private` whether boxes
    that are for us are given open.
    """

    lower: tuple[Any, bool] | None
    upper: tuple[Any, bool] | None
    reverse: bool
    live: bool
    old: bool
    keys: bool
    values: bool
    limit: int
    sync: bool
    private: bool = False


def read_options(given: Mapping[str, Any]) -> StreamOptions:
    """The options of a stream, defaults filled in (ssb-db's util.js and flumedb's).

    Raises: OptionError, when `limit` is no whole number.
    """
    limit = given.get("limit", -1)
    if limit is None:
        limit = -1
    if limit in (inf, -inf):  # as JSON.parse reads 1e999
        limit = -1
    if isinstance(limit, bool) or not isinstance(limit, int | float) or limit != int(limit):
        raise OptionError("limit must be a whole number")
    return StreamOptions(
        lower=_bound(given, "gt", "gte"),
        upper=_bound(given, "lt", "lte"),
        reverse=given.get("reverse") is True,
        live=given.get("live") is True,
        old=given.get("old") is not False,
        keys=given.get("keys") is not False,
        values=given.get("values") is not False,
        limit=int(limit) if limit >= 0 else -1,
        sync=given.get("sync") is not False,
        private=given.get("private") is True,
    )


def _bound(given: Mapping[str, Any], open_end: str, closed: str) -> tuple[Any, bool] | None:
    if given.get(closed) is not None:
        return given[closed], True
    if given.get(open_end) is not None:
        return given[open_end], False
    return None


def js_number(value: float) -> str:
    """A time in milliseconds as JavaScript writes it: whole ones without a point."""
    whole = int(value)
    return str(whole) if whole == value else repr(value)


def item_of(record: Record, *, keys: bool = True, values: bool = True, extra: bytes = b"") -> bytes:
    """The JSON of a record in a stream; `extra` are more members for the full shape, comma first."""
    if not keys:
        return record.message
    key = b'"%' + b64encode(record.key) + b'.sha256"'
    if not values:
        return key
    time = js_number(record.received).encode()
    return b"".join(
        (b'{"key":', key, b',"value":', record.message, b',"timestamp":', time, extra, b"}")
    )
