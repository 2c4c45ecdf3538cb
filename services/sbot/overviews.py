"""What the tables of `sbot peers`, `feeds`, `invites` and `status` are made of: several methods of a running server, each asked once.

And the text of `sbot metrics`, which is the same everywhere.

Knows which; the tables are in `tables`. Called by `__main__`.
"""

from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any, Final

from common.feed import json
from services.sbot import tables
from services.sbot.call import AnswerError, call
from services.sbot.connection import Line
from services.sbot.tables import Style

__all__ = ["NAMES", "overview"]

Connect = Callable[[], Line]

NAMES: Final = ("status", "peers", "feeds", "invites", "metrics")


def overview(name: str, connect: Connect, style: Style | None) -> str:
    """A table in a style, or without one the same as JSON.

    Raises:
        AnswerError: the server says so.
        Unreachable: no server answers.
    """
    match name:
        case "metrics":
            text: str = _ask(connect, "metrics")
            return text.rstrip("\n")
        case "status":
            told = _ask(connect, "status")
            return _json(told) if style is None else tables.status(told, style)
        case "peers":
            told = _ask(connect, "gossip.peers")
            return _json(told) if style is None else tables.peers(told, _names(connect), style)
        case "feeds":
            clock, hops = _ask(connect, "getVectorClock"), _ask(connect, "friends.hops")
            names = _names(connect)
            if style is not None:
                return tables.feeds(clock, hops, names, style)
            return _json(
                [
                    {"id": feed, "messages": n, "hops": hops.get(feed), "name": names.get(feed)}
                    for feed, n in clock.items()
                ]
            )
    told = _ask(connect, "invite.list", "source")
    return _json(told) if style is None else tables.invites(told, style)


def _ask(connect: Connect, name: str, kind: str = "async") -> Any:
    """The value of a method, or the list of the items of a source."""
    shown: list[bytes] = []
    with closing(connect()) as line:
        call(line, tuple(name.split(".")), kind, [], shown.append)
    if kind == "source":
        return [json.parse(item) for item in shown]
    return json.parse(b"".join(shown))


def _names(connect: Connect) -> Mapping[str, str]:
    """The name of each feed: what it calls itself, else what most others call it; none where there are too many."""
    try:
        told = _ask(connect, "names.get")
    except AnswerError:
        return {}
    found = {}
    for feed, given in told.items():
        texts = [name for name in given.values() if isinstance(name, str)]
        own = given.get(feed)
        if texts:
            found[feed] = own if isinstance(own, str) else max(set(texts), key=texts.count)
    return found


def _json(value: Any) -> str:
    return json.encode(value)
