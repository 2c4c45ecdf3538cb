"""What callers may pass to the methods of ssb-ebt, ssb-replicate and ssb-replication-scheduler, as those read it.

Keeps their oddities and texts (ssb-ebt 5.6.7 and 9.1, ssb-replicate 1.3.5). Pure: takes arguments, gives values or
raises `CallerError`. Called by the handlers. What is no feed asks for nothing there, and is passed over here.
"""

from collections.abc import Sequence
from typing import Any, Final

from common.bus import CallerError
from common.feed.javascript import is_number, is_truthy
from common.refs import is_feed
from services.replication.requests import BlockAsked, FeedAsked

CLASSIC: Final = "classic"
"""The one format of feeds here."""
WRONG_VERSION: Final = "expected ebt.replicate({version: 3 or 2})"
WRONG_FORMAT_VERSION: Final = "expected ebt.replicate({version: 3})"
PARTIAL: Final = "partial replication is not supported: feeds are replicated whole"


def version_of(args: Sequence[Any]) -> int:
    """The version of `ebt.replicate`, as 5.6.7 takes it; a format as 9 does.

    Raises:
        CallerError: with the reference's text.
    """
    options = _options(args)
    version = options.get("version")
    if version not in (2, 3) or isinstance(version, bool):
        raise CallerError(WRONG_VERSION)
    _check_format(options.get("format") or CLASSIC)
    return int(version)


def format_version_of(args: Sequence[Any]) -> int:
    """The version of `ebt.replicateFormat`.

    Raises:
        CallerError: with the reference's text.
    """
    options = _options(args)
    version = options.get("version")
    if version != 3 or isinstance(version, bool):
        raise CallerError(WRONG_FORMAT_VERSION)
    _check_format(options.get("format") or CLASSIC)
    return 3


def check_clock(args: Sequence[Any]) -> None:
    """Refuse what `ebt.clock` refuses.

    Raises:
        CallerError: with the reference's text.
    """
    if args:
        _check_format(_options(args).get("format", _UNDEFINED))


def ebt_request(args: Sequence[Any]) -> FeedAsked | None:
    """`ebt.request` (feed, requesting): by truth."""
    feed = args[0] if args else None
    return FeedAsked(feed, is_truthy(_at(args, 1))) if is_feed(feed) else None


def replicate_request(args: Sequence[Any]) -> FeedAsked | None:
    """`replicate.request` (feed, replicate) or ({id, replicate}): anything but false asks for the feed."""
    first = _at(args, 0)
    if isinstance(first, dict):
        args = [first.get("id"), first.get("replicate")]
    feed, replicate = _at(args, 0), _at(args, 1)
    return FeedAsked(feed, replicate is not False) if is_feed(feed) else None


def block(args: Sequence[Any]) -> BlockAsked | None:
    """`ebt.block` and `replicate.block` (from, to, blocking) or ({from, to, blocking}): by truth."""
    first = _at(args, 0)
    if isinstance(first, dict):
        args = [first.get(name) for name in ("from", "to", "blocking")]
    author, target, blocking = _at(args, 0), _at(args, 1), _at(args, 2)
    if not is_feed(author) or not is_feed(target):
        return None
    return BlockAsked(author, target, is_truthy(blocking))


def is_live(args: Sequence[Any]) -> bool:
    """Whether `replicate.upto` is to go on."""
    return is_truthy(_options(args).get("live"))


def check_scheduler(args: Sequence[Any]) -> None:
    """Refuse what `replicationScheduler.reconfigure` cannot do here.

    Raises:
        CallerError: feeds are to be replicated in part, or these are no options.
    """
    options = _at(args, 0)
    if not isinstance(options, dict):
        raise CallerError("expected options")
    templates = options.get("partialReplication")
    if is_truthy(templates) and any(map(is_truthy, _members(templates))):
        raise CallerError(PARTIAL)
    period = options.get("debouncePeriod")
    if period is not None and not is_number(period):
        raise CallerError("expected debouncePeriod to be a number")


_UNDEFINED: Final = "undefined"


def _check_format(name: Any) -> None:
    if name != CLASSIC:
        raise CallerError(f"Unknown format: {name if isinstance(name, str) else _shown(name)}")


def _shown(value: Any) -> str:
    """How JavaScript joins it to a text, where that is plain."""
    words = {None: "null", True: "true", False: "false"}
    if value is None or isinstance(value, bool):
        return words[value]
    return "[object Object]" if isinstance(value, dict) else str(value)


def _members(value: Any) -> Sequence[Any]:
    return list(value.values()) if isinstance(value, dict) else [value]


def _options(args: Sequence[Any]) -> dict[str, Any]:
    first = args[0] if args else None
    return first if isinstance(first, dict) else {}


def _at(args: Sequence[Any], place: int) -> Any:
    """An argument; what is missing is as null."""
    return args[place] if len(args) > place else None
