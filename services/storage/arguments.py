"""What clients may pass to the methods of ssb-db, checked as its validators check it.

Keeps the texts of ssb-db 20.4.1 (`lib/validators.js` over muxrpc-validation), odd ones included, because
clients show and compare them. Pure: takes arguments, gives values or raises `CallerError`.
"""

from math import ceil, floor, inf
from typing import Any, NamedTuple

from common.bus import CallerError
from common.crypto.envelope import MAX_SLOTS, SlotKey
from common.feed import options as stream_options
from common.feed.groups import key_of
from common.feed.items import OptionError, StreamOptions
from common.feed.javascript import is_number, is_truthy
from common.feed.json import Json
from common.feed.options import MAX_SAFE
from common.refs.ids import FeedId, is_feed, is_message, raw
from common.refs.links import is_message_link, parse_link

__all__ = [
    "Target",
    "content_of",
    "deleted_of",
    "feed_of",
    "log_stream",
    "message_of",
    "sealed_of",
    "target_of",
    "user_stream",
]

REQUIRED = "Param 0 is required"
NO_FEED = "Param 0 must by of type feedId"
NO_TARGET = "ssb-db.get: key *must* be a ssb message id or a flume offset"


class Target(NamedTuple):
    """What `get` asks for: a message's raw key or a position; `whole` with key and time.

    `private` opens its box, with the key `unbox` (base64) if there is one, else with ours.
    """

    key: bytes | None
    position: int
    whole: bool
    name: str
    private: bool = False
    unbox: str | None = None


def feed_of(args: list[Any]) -> FeedId:
    """The one argument that is a feed's id."""
    feed = _required(args)
    if not is_feed(feed):
        raise CallerError(NO_FEED)
    return feed


def deleted_of(args: list[Any]) -> str:
    """The id of a message or feed to delete."""
    target = _required(args)
    if not is_feed(target) and not (isinstance(target, str) and is_message_link(target)):
        raise CallerError(NO_FEED)
    if not is_feed(target) and not is_message(target):
        raise CallerError("deletion target must be a message or feed")
    return str(target)


def content_of(args: list[Any]) -> Any:
    """The content to publish; all that JavaScript finds equal to its own text passes here."""
    content = _required(args)
    if content is True:
        raise CallerError("Param 0 must by of type msgContent")
    return content


def sealed_of(args: list[Any]) -> tuple[Json, list[SlotKey]]:
    """Content and the keys of its envelope: `{"content", "slots": [[key in base64, scheme], ...]}`."""
    given = args[0] if args and isinstance(args[0], dict) else {}
    content, slots = given.get("content"), given.get("slots")
    if not isinstance(content, dict) or not isinstance(slots, list):
        raise CallerError("expected {content: object, slots: [[key, scheme], ...]}")
    if not 1 <= len(slots) <= MAX_SLOTS:
        raise CallerError(f"an envelope has 1 to {MAX_SLOTS} slots")
    return content, [_slot(one) for one in slots]


def message_of(args: list[Any]) -> dict[str, Any]:
    """The signed message to add, as far as ssb-db looks at it before validation."""
    value = _required(args)
    if not isinstance(value, dict | list):
        raise CallerError("Param 0 must by of type msg")
    message = value if isinstance(value, dict) else {}
    _check_content(message.get("content"))
    if not is_feed(message.get("author")):
        raise _missing("author", "feedId")
    _check_place(message.get("sequence"), message.get("previous"))
    if not is_number(message.get("timestamp")):
        raise _missing("timestamp", "number")
    if message.get("hash") != "sha256":
        raise CallerError('Param 0 must have .hash set to "sha256"')
    if not isinstance(message.get("signature"), str):
        raise _missing("signature", "string")
    return message


def target_of(args: list[Any]) -> Target:
    """What to get: an id, an id with a query, a position, or `{id, meta, private, unbox}` around one of them."""
    given = _required(args)
    if isinstance(given, str) and not is_message_link(given) and not _numeric(given):
        raise CallerError("Param 0 must by of type object")
    options: dict[str, Any] = given if isinstance(given, dict) else {}
    wanted = options.get("id", options.get("key")) if options else given
    if isinstance(wanted, str) and "?" in wanted and (link := parse_link(wanted)):
        query = link.query or {}
        wanted, options = link.link, {**query, "private": "unbox" in query}
    whole, private = is_truthy(options.get("meta")), options.get("private") is True
    unbox = options.get("unbox") if private else None
    if is_message(wanted):
        key = unbox if isinstance(unbox, str) and unbox else None
        return Target(raw(wanted), 0, whole, wanted, private, key)
    if is_number(wanted) and abs(wanted) < MAX_SAFE and wanted == floor(wanted):
        return Target(None, int(wanted), True, str(int(wanted)))
    raise CallerError(NO_TARGET)


def log_stream(args: list[Any]) -> StreamOptions:
    """The options of createLogStream; bounds are times in milliseconds."""
    given: Any = args[0] if args and is_truthy(args[0]) else {}
    _check(given, "readStreamOpts")
    return stream_options.read(given)


def user_stream(args: list[Any]) -> tuple[FeedId, StreamOptions, int, float]:
    """Feed and options of createUserStream, first and last sequence (perhaps infinite) of its range."""
    given = _required(args)
    _check(given, "createUserStreamOpts")
    feed = given.get("id")
    if not is_feed(feed):
        raise _missing("id", "feedId")
    backward = is_truthy(given.get("reverse"))
    others = {"min": "gte", "max": "lte"}
    others |= {"end": "gte", "start": "lte"} if backward else {"start": "gte", "end": "lte"}
    options = stream_options.read(given, others)
    first, last = 1.0, inf
    if options.lower is not None:
        bound, closed = options.lower
        first = max(1.0, _whole(bound, up=closed) + (0 if closed else 1))
    if options.upper is not None:
        bound, closed = options.upper
        last = _whole(bound, up=not closed) - (0 if closed else 1)
    return feed, options, int(min(first, MAX_SAFE)), last


def _slot(given: Any) -> SlotKey:
    key = key_of(given[0]) if isinstance(given, list) and len(given) == 2 else None
    if key is None or not isinstance(given[1], str):
        raise CallerError("a slot is [key of 32 bytes in base64, scheme]")
    return SlotKey(key, given[1])


def _whole(bound: float, *, up: bool) -> float:
    return bound if bound in (inf, -inf) else ceil(bound) if up else floor(bound)


def _check(given: Any, name: str) -> None:
    try:
        stream_options.check(given, name)
    except OptionError as error:
        raise CallerError(str(error)) from error


def _required(args: list[Any]) -> Any:
    if not args or not is_truthy(args[0]):
        raise CallerError(REQUIRED)
    return args[0]


def _check_content(content: Any) -> None:
    if not is_truthy(content) or not isinstance(content, str | dict | list):
        raise _missing("content", "object|string")
    if not isinstance(content, str):
        kind = content.get("type") if isinstance(content, dict) else None
        if not isinstance(kind, str) or not kind:
            raise _missing("content.type", "string")


def _check_place(sequence: Any, previous: Any) -> None:
    if not is_number(sequence):
        raise _missing("sequence", "number")
    if sequence > 1 and not is_message(previous):
        raise _missing("previous", "msgId")
    if sequence == 1 and previous is not None:
        raise _missing("previous", "null")


def _numeric(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _missing(name: str, kind: str) -> CallerError:
    return CallerError(f'Param 0 must have a .{name} of type "{kind}"')
