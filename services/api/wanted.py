"""What `get` and `ooo.get` ask peers for: single messages by their ids.

Knows the arguments and texts of ssb-ooo 1.3.3; asks nobody. Called by the handlers.
"""

from typing import Any, NamedTuple

from common.bus import CallerError
from common.feed.items import js_number
from common.feed.javascript import is_number
from common.refs import MessageId, is_message

MAX_MS = 24 * 3_600_000
"""A day, for who would wait longer: a timer takes no more in JavaScript either, and 0 is for ever."""

HELP = {
    "description": "single messages, asked of connected peers by their ids, outside of their feeds",
    "commands": {
        "get": {
            "type": "async",
            "description": "get a message, from peers if need be",
            "args": {
                "id": {"type": "MessageId", "description": "its id", "optional": False},
                "timeout": {
                    "type": "number",
                    "description": "how many milliseconds to wait, 0 for ever; setting ooo.timeout",
                    "optional": True,
                },
            },
        }
    },
}


class Wanted(NamedTuple):
    """A message's id, and for how many milliseconds it is asked for (0: for ever)."""

    id: MessageId
    ms: float


def missed(args: list[Any], ms: float) -> Wanted | None:
    """What a `get` that found nothing asks peers for; None where it asks for no message, or not them."""
    first = args[0] if args else None
    if isinstance(first, dict):
        return None if first.get("ooo") is False else _wanted(first.get("id"), first, ms)
    return _wanted(first, {}, ms)


def asked(args: list[Any], ms: float) -> Wanted:
    """What `ooo.get` asks for.

    Raises:
        CallerError: it is no message.
    """
    first = args[0] if args else None
    options = first if isinstance(first, dict) else {}
    wanted = _wanted(options.get("id") if options else first, options, ms)
    if wanted is None:
        raise CallerError("ooo.get: expected the id of a message, or {id, timeout}")
    return wanted


def too_late(wanted: Wanted) -> CallerError:
    """The error when nobody had it in time."""
    return CallerError(f"ooo.get: took more than timeout:{js_number(wanted.ms)}", "not_found")


def marked(item: bytes) -> bytes:
    """An item of the log as `ooo.get` gives it."""
    return item if item.endswith(MARK) else item[:-1] + MARK


MARK = b',"ooo":true}'


def _wanted(key: Any, options: dict[str, Any], ms: float) -> Wanted | None:
    if not is_message(key):
        return None
    given = options.get("timeout")
    return Wanted(key, min(max(given if is_number(given) else ms, 0), MAX_MS))
