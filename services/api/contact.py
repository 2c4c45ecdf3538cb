"""The contact messages that `friends.follow` and `friends.block` publish.

Knows the content and the complaints of ssb-friends 5.1.7; publishes nothing. Called by the handlers.
"""

from typing import Any

from common.bus import CallerError
from common.feed.javascript import text_of
from common.refs import is_feed


def follow(args: list[Any]) -> dict[str, Any]:
    """Content by which a feed is followed, or no longer (`state: false`).

    Raises:
        CallerError: the first argument is no feed id.
    """
    feed, options = _arguments("follow", args)
    return _content(feed, {"following": options.get("state", True)}, options)


def block(args: list[Any]) -> dict[str, Any]:
    """Content by which a feed is blocked, or no longer (`state: false`).

    Raises:
        CallerError: the first argument is no feed id.
    """
    feed, options = _arguments("block", args)
    said: dict[str, Any] = {"blocking": options.get("state", True)}
    if isinstance(options.get("reason"), str):
        said["reason"] = options["reason"]
    return _content(feed, said, options)


def _content(feed: str, said: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    recipients = {"recps": options["recps"]} if "recps" in options else {}
    return {"type": "contact", "contact": feed, **said, **recipients}


def _arguments(method: str, args: list[Any]) -> tuple[str, dict[str, Any]]:
    feed = args[0] if args else None
    if not is_feed(feed):
        given = text_of(feed) if args else "undefined"
        raise CallerError(f"{method}() requires a feedId, got {given}")
    options = args[1] if len(args) > 1 else None
    return feed, options if isinstance(options, dict) else {}
