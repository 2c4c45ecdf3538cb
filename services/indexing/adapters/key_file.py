"""PATH/scuttlebot/group-keys.json: keys that no message tells of, because a client gave them to us or had them made.

Everything else follows from the identity and the log, so that it is found again from these; what stands here is on the disk before it is answered.
Knows the file, and that what stands in it may be anything. Called by `__main__` and `handlers/groups.py`.
"""

import logging
from pathlib import Path
from typing import Any

import msgspec
import orjson

from common.bus import OurError
from common.feed.groups import is_group, key_of
from common.refs import bfe, is_feed, is_message
from common.runtime.whole_file import put_whole

__all__ = ["Kept", "KeyFile"]

LOGGER = logging.getLogger("indexing")
NAME = Path("scuttlebot", "group-keys.json")
MAX_BYTES = 16 << 20
"""Of the file: some fifty thousand keys."""


class KeptGroup(msgspec.Struct, frozen=True, omit_defaults=True):
    """A group that was registered: its key in base64, and the message that began it."""

    key: str
    root: str | None = None


class Kept(msgspec.Struct, omit_defaults=True):
    """What is in the file, keys in base64: groups, members, post boxes, and what we seal with for ourselves, the last one in force."""

    groups: dict[str, KeptGroup] = msgspec.field(default_factory=dict)
    authors: dict[str, list[str]] = msgspec.field(default_factory=dict)
    po_boxes: dict[str, str] = msgspec.field(default_factory=dict)
    own: list[str] = msgspec.field(default_factory=list)

    def is_sound(self) -> bool:
        """Whether all in it is what it has to be."""
        return (
            all(is_group(name) for name in (*self.groups, *self.authors))
            and all(key_of(key) for key in self.own)
            and all(key_of(one.key) for one in self.groups.values())
            and all(one.root is None or is_message(one.root) for one in self.groups.values())
            and all(is_feed(one) for feeds in self.authors.values() for one in feeds)
            and all(bfe.po_box_public(name) and key_of(key) for name, key in self.po_boxes.items())
        )


class KeyFile:
    """Read once, and written whole whenever something is added."""

    def __init__(self, data: Path) -> None:
        self._path = data / NAME
        self.kept = self._read()

    def write(self) -> None:
        """Put on the disk what `kept` holds.

        Raises:
            OurError: that cannot be done.
        """
        try:
            self._path.parent.mkdir(mode=0o700, exist_ok=True)
            put_whole(self._path, orjson.dumps(msgspec.to_builtins(self.kept)) + b"\n")
        except OSError as error:
            raise OurError(f"{self._path} cannot be written: {error.strerror}") from error

    def _read(self) -> Kept:
        try:
            with self._path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
        except FileNotFoundError:
            return Kept()
        try:
            document: Any = orjson.loads(data)
            kept = msgspec.convert(document, Kept)
            if len(data) <= MAX_BYTES and kept.is_sound():
                return kept
        except (ValueError, msgspec.ValidationError):
            pass
        aside = self._path.with_suffix(".damaged")
        self._path.replace(aside)
        LOGGER.error("%s was damaged: it is now %s, and its keys are not used", self._path, aside)
        return Kept()
