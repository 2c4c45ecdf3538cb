"""What a caller of `createHistoryStream` asks for.

Knows the arguments as ssb-db 20 checks them (`lib/validators.js`, `muxrpc-validation`) and the options it reads
(`indexes/clock.js`), and the block of ssb-replicate (`legacy.js`); must never know the log. Called by the handler.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any, Final

from common.bus import CallerError
from common.feed.javascript import is_number, is_truthy
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

    def reads(self, head: int) -> list[dict[str, Any]]:
        """What to read of a feed whose last sequence is `head`: `feeds.read` of storage, one after the other.

        A limit is for what is there, not for what comes (pull-level).
        """
        start, what_comes = self.sequence, max(self.sequence, head + 1)
        if not self.old or start > head:
            return [self._read(what_comes, -1, live=True)] if self.live else []
        if not self.live or self.limit < 0:
            return [self._read(start, self.limit, live=self.live)] if self.limit else []
        there = min(self.limit, head + 1 - start)
        old = [self._read(start, there, live=False)] if there else []
        return [*old, self._read(what_comes, -1, live=True)]

    def _read(self, start: int, limit: int, *, live: bool) -> dict[str, Any]:
        return {"id": self.feed, "from": start, "limit": limit, "live": live}


def feed_in(args: list[Any]) -> str:
    """The id in the arguments, whatever else they say; empty where there is none."""
    first = args[0] if args else None
    feed = first.get("id") if isinstance(first, Mapping) else None
    return feed if isinstance(feed, str) else ""


def read_request(args: list[Any], known: Mapping[FeedId, int]) -> HistoryRequest | None:
    """The request in the arguments; None where there is nothing to give.

    `known` are the lengths of feeds. ssb-replicate looks before ssb-db checks: who does not ask with an object
    for something that is there, or for what will come, gets an empty stream, whatever else the arguments say.
    (id, sequence, live) is no object.

    Raises:
        CallerError: with the text of the reference.
    """
    feed = feed_in(args)
    if not is_feed(feed):
        return None
    first: Mapping[str, Any] = args[0]
    start = first.get("sequence") or first.get("seq")
    beyond = is_number(start) and start > known.get(feed, 0)
    if not is_truthy(first.get("live")) and (feed not in known or beyond):
        return None
    return _from_options(feed, first)


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


def _from_options(feed: FeedId, options: Mapping[str, Any]) -> HistoryRequest:
    numbers = all(is_number(options[n]) for n in ("seq", "limit") if is_truthy(options.get(n)))
    flags = [options[n] for n in ("live", "keys", "values") if is_truthy(options.get(n))]
    if not numbers or not all(_is_flag(flag) for flag in flags):
        raise CallerError("Param 0 must by of type feedId")
    return HistoryRequest(
        feed,
        _whole(options.get("sequence") or options.get("seq")),
        options.get("live") is True or options.get("old") is False,
        options.get("old") is not False,
        _limit(options.get("limit")),
        options.get("keys") is not False,
        options.get("values") is not False,
    )


def _limit(value: Any) -> int:
    return int(min(value, MAX_SEQUENCE)) if is_number(value) and value > -1 else -1


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool | int | float)


def _whole(value: Any) -> int:
    """A sequence to begin at: 1 at least; texts and lists stand behind all numbers (charwise)."""
    if isinstance(value, str | list | dict) and is_truthy(value):
        return MAX_SEQUENCE
    return ceil(min(max(1, value), MAX_SEQUENCE)) if is_number(value) else 1
