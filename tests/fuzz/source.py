"""Choices made out of bytes, so that any bytes describe a whole conversation, however it goes on."""

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Source:
    """Reads choices one after the other; beyond the end of the bytes every choice is zero."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def __bool__(self) -> bool:
        return self._at < len(self._data)

    def take(self, size: int) -> bytes:
        taken = self._data[self._at : self._at + size]
        self._at += size
        return taken

    def number(self, size: int = 1) -> int:
        return int.from_bytes(self.take(size).ljust(size, b"\0"))

    def pick(self, options: Sequence[T]) -> T:
        return options[self.number() % len(options)]

    def rest(self) -> bytes:
        return self.take(len(self._data))

    def edited(self, data: bytes) -> bytes:
        """The bytes with up to three of them changed, some cut out, some put in; as they are for a 0."""
        kind = self.number()
        if kind == 0:
            return data
        edited = bytearray(data)
        for _ in range(1 + kind % 3):
            at = self.number(2) % (len(edited) + 1)
            match kind % 4:
                case 0:
                    edited[at:at] = self.take(self.number())
                case 1:
                    del edited[at : at + self.number()]
                case _:
                    edited[at : at + 1] = self.take(1)
        return bytes(edited)

    def pieces(self, data: bytes) -> list[bytes]:
        """The bytes in pieces as a socket might bring them: all at once for a 0."""
        parts = []
        while data and (size := self.number()):
            parts.append(data[:size])
            data = data[size:]
        return [*parts, data]
