"""What a caller of `createHistoryStream` asks for.

Knows the arguments as ssb-db 20 checks them (`lib/validators.js`, `muxrpc-validation`) and the options it reads
(`indexes/clock.js`), and the block of ssb-replicate (`legacy.js`); must never know the log. Called by the handler.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from common.bus import CallerError
from common.feed.json import parse
from common.refs import FeedId, is_feed

MAX_SEQUENCE: Final = (1 << 53) - 1
"""Greater numbers are no whole ones in JavaScript."""


@dataclass(frozen=True, slots=True)
class HistoryRequest:
    """One feed from a sequence on; `limit` -1 for no limit."""

    feed: FeedId
    sequence: int
    live: bool
    old: bool
    limit: int
    keys: bool
    values: bool


def read_request(args: list[Any]) -> HistoryRequest:
    """The request in the arguments: an object of options, or (id, sequence, live).

    Raises:
        CallerError: with the text of the reference.
    """
    first = args[0] if args else None
    if not first and not isinstance(first, Mapping | list):
        raise CallerError("Param 0 is required")
    if isinstance(first, Mapping):
        return _from_options(first)
    if not is_feed(first):
        raise CallerError("Param 0 must by of type feedId")
    sequence = args[1] if len(args) > 1 else None
    live = args[2] if len(args) > 2 else None
    if sequence and not _is_number(sequence):
        raise CallerError("Param 1 must by of type number")
    if live and not isinstance(live, bool):
        raise CallerError("Param 2 must by of type boolean")
    return HistoryRequest(first, _whole(sequence), bool(live), True, -1, True, True)


def blocks_in(message: bytes, target: str) -> bool:
    """Whether a message is one by which its author blocks the target."""
    if not target or target.encode() not in message or b'"contact"' not in message:
        return False
    value = parse(message)
    content = value.get("content") if isinstance(value, dict) else None
    return (
        isinstance(content, dict)
        and content.get("type") == "contact"
        and content.get("contact") == target
        and bool(content.get("flagged") or content.get("blocking"))
    )


def _from_options(options: Mapping[str, Any]) -> HistoryRequest:
    feed = options.get("id")
    numbers = all(_is_number(options[n]) for n in ("seq", "limit") if options.get(n))
    flags = all(_is_flag(options[n]) for n in ("live", "keys", "values") if options.get(n))
    if not is_feed(feed) or not numbers or not flags:
        raise CallerError("Param 0 must by of type feedId")
    return HistoryRequest(
        feed,
        _whole(options.get("sequence") or options.get("seq")),
        bool(options.get("live")),
        options.get("old") is not False,
        _limit(options.get("limit")),
        options.get("keys") is not False,
        options.get("values") is not False,
    )


def _limit(value: Any) -> int:
    return int(min(value, MAX_SEQUENCE)) if _is_number(value) and value >= 0 else -1


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool | int | float)


def _whole(value: Any) -> int:
    """A sequence to begin at: 1 at least, whatever was given."""
    return int(min(max(1, value), MAX_SEQUENCE)) if _is_number(value) else 1
