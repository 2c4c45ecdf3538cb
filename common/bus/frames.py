"""Bus messages as bytes: the header codec and its limits (docs/bus.md, section 2).

Knows what a well-formed message of each kind looks like; must never know sockets, calls or
clocks. The two sides of the bus call `encode` and `decode`; whatever `decode` lets through has the
options of its kind with the right types, so that nobody asks again.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum
from itertools import accumulate
from typing import Any, NamedTuple

import msgpack

VERSION = 1
SHAPES = frozenset(("async", "source", "sink", "duplex"))
INCARNATION_SIZE = 8

MAX_HEADER = 64 * 1024  # a manifest of some hundred methods, or 1,024 sizes, fits many times
MAX_BODIES = 1024  # batches aim at 100 to 200; more only makes one turn of the loop longer
MAX_MESSAGE = 16 * 1024 * 1024  # bounds what one message can take of memory
MAX_CALL_ID = 2**53  # JavaScript must be able to count them

NO_OPTIONS: Mapping[str, Any] = {}


class Kind(IntEnum):
    """The number of each kind of message."""

    HELLO = 1
    CALL = 2
    DATA = 3
    END = 4
    ERROR = 5
    CREDIT = 6
    CANCEL = 7
    PING = 8
    PONG = 9


class Message(NamedTuple):
    """A decoded message."""

    kind: int
    call: int
    method: str
    options: Mapping[str, Any]
    bodies: list[bytes]


class Refused(Exception):  # noqa: N818  named as it is counted
    """What came is no message; `call` is the one it names, 0 when it names none."""

    def __init__(self, reason: str, call: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.call = call


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value <= MAX_CALL_ID


def _is_incarnation(value: object) -> bool:
    return type(value) is bytes and len(value) == INCARNATION_SIZE


def _is_str(value: object) -> bool:
    return type(value) is str


def _is_shape(value: object) -> bool:
    return type(value) is str and value in SHAPES


def _is_map(value: object) -> bool:
    return type(value) is dict


def _is_bytes(value: object) -> bool:
    return type(value) is bytes


type_check = Callable[[object], bool]
_REQUIRED: dict[int, dict[str, type_check]] = {
    Kind.HELLO: {"incarnation": _is_incarnation},
    Kind.CALL: {"type": _is_shape, "incarnation": _is_incarnation},
    Kind.ERROR: {"fault": _is_str, "code": _is_str, "message": _is_str},
    Kind.CREDIT: {"bytes": _is_count},
    Kind.PONG: {"incarnation": _is_incarnation},
}
_OPTIONAL: dict[int, dict[str, type_check]] = {
    Kind.HELLO: {"manifest": _is_map},
    Kind.CALL: {"window": _is_count, "caller": _is_map, "deadline_ms": _is_count},
    Kind.DATA: {"types": _is_bytes, "position": _is_count},
    Kind.END: {"types": _is_bytes},
}
_ABOUT_A_CALL = frozenset(
    (Kind.CALL, Kind.DATA, Kind.END, Kind.ERROR, Kind.CREDIT, Kind.CANCEL),
)
_KINDS = frozenset(Kind)


def encode(
    kind: int,
    call: int = 0,
    method: str = "",
    options: Mapping[str, Any] = NO_OPTIONS,
    bodies: Sequence[bytes] = (),
) -> list[bytes]:
    """Write a message as its one or two frames.

    Raises:
        ValueError: the message is over a limit.
    """
    sizes = [len(body) for body in bodies]
    header: bytes = msgpack.packb((VERSION, kind, call, method, options, sizes))
    if len(header) > MAX_HEADER:
        raise ValueError(f"a header of {len(header)} bytes is over the limit of {MAX_HEADER}")
    if not sizes:
        return [header]
    if len(sizes) > MAX_BODIES or sum(sizes) > MAX_MESSAGE:
        raise ValueError(f"{len(sizes)} bodies of {sum(sizes)} bytes are over the limits")
    return [header, bodies[0] if len(sizes) == 1 else b"".join(bodies)]


def decode(frames: Sequence[bytes]) -> Message:
    """Read a message from its frames.

    Raises:
        Refused: with the reason to count it by.
    """
    if not 1 <= len(frames) <= 2:
        raise Refused("frames")
    header = _unpack(frames[0])
    _, kind, call, method, options, sizes = header
    if not _is_count(call) or call == MAX_CALL_ID:
        raise Refused("call")
    if type(kind) is not int or kind not in _KINDS:
        raise Refused("kind", call)
    if (call != 0) != (kind in _ABOUT_A_CALL):
        raise Refused("call", call)
    if type(method) is not str or type(options) is not dict or type(sizes) is not list:
        raise Refused("header", call)
    message = Message(kind, call, method, options, _split(frames, sizes, call))
    _check_options(message)
    return message


def _unpack(frame: bytes) -> list[Any]:
    if len(frame) > MAX_HEADER:
        raise Refused("header_size")
    try:
        header = msgpack.unpackb(frame)
    except (ValueError, TypeError, RecursionError):
        raise Refused("header") from None
    if type(header) is not list or not header:
        raise Refused("header")
    if header[0] != VERSION or type(header[0]) is not int:
        raise Refused("version")
    if len(header) != 6:
        raise Refused("header")
    return header


def _split(frames: Sequence[bytes], sizes: list[object], call: int) -> list[bytes]:
    block = frames[1] if len(frames) == 2 else b""
    if len(block) > MAX_MESSAGE:
        raise Refused("size", call)
    n = len(sizes)
    if n > MAX_BODIES:
        raise Refused("bodies", call)
    if (len(frames) == 2) != (n > 0):
        raise Refused("sizes", call)
    checked = [size for size in sizes if type(size) is int and size >= 0]
    if len(checked) != n or sum(checked) != len(block):
        raise Refused("sizes", call)
    if n <= 1:
        return [block] if n else []
    ends = list(accumulate(checked))
    return [block[end - size : end] for end, size in zip(ends, checked, strict=True)]


def _check_options(message: Message) -> None:
    kind, call, _, options, bodies = message
    for name, check in _REQUIRED.get(kind, {}).items():
        if not check(options.get(name)):
            raise Refused("options", call)
    for name, check in _OPTIONAL.get(kind, {}).items():
        if name in options and not check(options[name]):
            raise Refused("options", call)
    if kind in (Kind.DATA, Kind.CALL) and not bodies:
        raise Refused("bodies", call)
    if kind == Kind.END and len(bodies) > 1:
        raise Refused("bodies", call)
    types = options.get("types")
    if types is not None and kind in (Kind.DATA, Kind.END) and len(types) != len(bodies):
        raise Refused("types", call)
