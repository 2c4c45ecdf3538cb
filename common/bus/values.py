"""What callers and handlers hold in their hands: callers, batches, replies.

Plain values; must never know sockets, tasks or credit. Bodies stay the bytes that came; JSON is
parsed only when asked for, with the parser that the node was given.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

Parse = Callable[[bytes], Any]
Encode = Callable[[Any], bytes]

BYTES, TEXT, JSON = 0, 1, 2  # muxrpc's numbers, in the option `types`


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: set by `network` for calls from outside, the service itself otherwise."""

    feed: str = ""
    role: str = "master"
    transport: str = "bus"
    connection: str = ""
    client: bool = False

    def to_map(self) -> dict[str, object]:
        """Make the option `caller`."""
        return {
            "feed": self.feed,
            "role": self.role,
            "transport": self.transport,
            "connection": self.connection,
            "client": self.client,
        }

    @classmethod
    def from_map(cls, fields: Mapping[str, object]) -> "Caller":
        """Read the option `caller`; what is missing takes the bus's own values.

        Raises:
            ValueError: a field has the wrong type.
        """
        known = {name: fields[name] for name in cls.__slots__ if name in fields}
        for name, value in known.items():
            if type(value) is not (bool if name == "client" else str):
                raise ValueError(f"caller: {name} has the wrong type")
        return cls(**known)  # type: ignore[arg-type]


US = Caller()


class Raw(NamedTuple):
    """A handler's value that is not JSON: `type` is 0 for bytes, 1 for UTF-8 text, 2 for JSON."""

    type: int
    body: bytes


def _read(body: bytes, kind: int, parse: Parse) -> Any:
    if kind == JSON:
        return parse(body)
    return body.decode() if kind == TEXT else body


class Reply:
    """The value of an async call or a sink: one body, or none for "no value"."""

    __slots__ = ("_parse", "bodies", "types")

    def __init__(self, bodies: list[bytes], types: bytes | None, parse: Parse) -> None:
        self.bodies = bodies
        self.types = types
        self._parse = parse

    def json(self) -> Any:
        """Read the value; None when there is none.

        Raises:
            ValueError: the body is not what its type says.
        """
        if not self.bodies:
            return None
        return _read(self.bodies[0], self.types[0] if self.types else JSON, self._parse)


class Batch:
    """Some items of a stream; `position` is that of the last, where the stream has positions."""

    __slots__ = ("_parse", "bodies", "position", "types")

    def __init__(
        self,
        bodies: list[bytes],
        types: bytes | None,
        position: int | None,
        parse: Parse,
    ) -> None:
        self.bodies = bodies
        self.types = types
        self.position = position
        self._parse = parse

    def json(self) -> list[Any]:
        """Read all items.

        Raises:
            ValueError: a body is not what its type says.
        """
        if self.types is None:
            return [self._parse(body) for body in self.bodies]
        return [
            _read(body, kind, self._parse)
            for body, kind in zip(self.bodies, self.types, strict=True)
        ]
