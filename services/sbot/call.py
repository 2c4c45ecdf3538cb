"""Calls one method over a line and hands on what comes back, item by item.

Knows the muxrpc session; never what an answer means. Called by `__main__`.
"""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from common.feed import json
from common.wire.events import Closed, Ended, Event, Failure, Items, Request, Value
from common.wire.packets import BUFFER, JSON, STRING
from common.wire.session import Session
from services.sbot.connection import Line

CHUNK = 1 << 16
Show = Callable[[bytes], None]


class AnswerError(Exception):
    """The server answered with an error."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


def read_input() -> Iterator[bytes]:
    """Give standard input in pieces."""
    while data := os.read(sys.stdin.fileno(), CHUNK):
        yield data


def call(  # noqa: PLR0917  one call, in the order in which it is made
    line: Line,
    name: tuple[str, ...],
    kind: str,
    args: list[Any],
    show: Show,
    source: Iterable[bytes] = (),
) -> None:
    """Call a method and show what comes: an async value as JSON and a line break, items as they arrive.

    A sink is given the pieces of `source`.

    Raises:
        AnswerError: the server says so, or hung up before the end.
    """
    session = Session()
    number = session.call(_shape(kind), name, json.compact_utf8(args))
    line.send(session.data_to_send())
    if kind == "sink":
        _feed(line, session, number, source)
    for event in _events(line, session):
        match event:
            case Value(call=answered) if answered == number:
                show(_shown(event.body, event.type, "\n"))
                return
            case Items(call=answered) if answered == number:
                for body, body_type in zip(event.bodies, event.types, strict=True):
                    show(_shown(body, body_type, "\n\n"))
            case Ended(call=answered) if answered == number:
                if event.failure is not None:
                    raise AnswerError(event.failure)
                return
            case Request():
                session.fail(event.call, "no such method: this is a command line")
            case Closed():
                break
            case _:
                pass
    raise AnswerError(Failure(message="unexpected hangup"))


def _shape(kind: str) -> Any:
    return "async" if kind == "sync" else kind


def _events(line: Line, session: Session) -> Iterator[Event]:
    """Read the line until the session is over; send what the session has to say."""
    while not session.closed:
        data = line.receive()
        yield from session.receive_data(data) if data else session.receive_eof()
        if answer := session.data_to_send():
            line.send(answer)
        if not data:
            return


def _feed(line: Line, session: Session, number: int, source: Iterable[bytes]) -> None:
    """Send the items of our sink."""
    for data in source:
        session.send(number, [data], bytes([BUFFER]))
        line.send(session.data_to_send())
    session.end(number)
    line.send(session.data_to_send())


def _shown(body: bytes, body_type: int, after: str) -> bytes:
    """Give bytes as they are, and values as JSON.stringify(value, null, 2) writes them (muxrpcli)."""
    if body_type == BUFFER:
        return body
    value = json.parse(body) if body_type == JSON else body.decode("utf-8", "replace")
    assert body_type in (JSON, STRING)  # noqa: S101  the session knows no other type
    return f"{json.encode(value)}{after}".encode()
