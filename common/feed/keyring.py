"""Every key by which we can open envelopes: our own, those of feeds that write to us, groups, post boxes.

Knows keys and which of them opens what; never where they are kept, nor the log. `indexing` holds one, fills it with what
messages and its file tell, and asks it for the slots of what is published; `storage` holds one for who asks it for open messages.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache, partial
from hashlib import sha256
from typing import Any, Final, NamedTuple

from common.crypto.envelope import Context, SlotKey
from common.crypto.keys import Keys
from common.feed import box2
from common.feed.box2_keys import (
    direct_keys,
    group_key,
    own_key,
    po_box_keys,
    po_box_keys_inside,
    self_key,
)
from common.feed.groups import MAX_RECIPIENTS, is_group
from common.feed.private import Opened
from common.feed.shape import previous_key
from common.refs import FeedId, MessageId, bfe, is_feed, message_id

__all__ = ["MAX_GIVEN", "MAX_KEYS", "MAX_OF_ONE", "Group", "Keyring", "NoSlot", "context_of"]

MAX_KEYS: Final = 2_000
"""Of groups: each is tried on every envelope that nothing else opens, for some 10 microseconds."""
MAX_GIVEN: Final = 200
"""Of these, how many others can give us: anybody who is replicated can invite us to groups."""
MAX_OF_ONE: Final = 50
"""Of these, how many one feed can give us."""
MAX_DIRECT: Final = 10_000
"""Authors whose keys are remembered; making one takes a tenth of a millisecond."""


class NoSlot(ValueError):  # noqa: N818  it is a refusal of what was asked for
    """A recipient for whom there is no key here."""


class Group(NamedTuple):
    """A group that we can write to: its key (32 bytes) and the message that began it, where we were told."""

    key: bytes
    root: MessageId | None


def context_of(value: Mapping[str, Any]) -> Context:
    """What the keys of a message's envelope are bound to, from the message's value."""
    previous = previous_key(value["previous"])
    named = None if previous is None else message_id(previous)
    return box2.context_of(value["author"], named)


class Keyring:
    """The keys of one identity; what is added stays until the process ends."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._own = [own_key(keys)]
        self._given: Counter[str] = Counter()
        self._reading: dict[bytes, SlotKey] = {}
        self._named: set[bytes] = set()
        self._po_boxes: dict[str, bytes] = {}
        self._direct = lru_cache(MAX_DIRECT)(partial(direct_keys, keys))
        #: Groups by their ids, in the order in which we heard of them; also those that we were asked to leave.
        self.groups: dict[str, Group] = {}
        #: Groups that we were asked to leave: read, but not written to and not listed.
        self.left: set[str] = set()

    @property
    def own(self) -> list[SlotKey]:
        """Keys that only we have, the one that new messages are sealed with first."""
        return self._own

    @property
    def reading(self) -> Iterable[bytes]:
        """Keys (32 bytes) of groups that we open with."""
        return self._reading.keys()

    @property
    def po_boxes(self) -> Mapping[str, bytes]:
        """Secrets (32 bytes) of post boxes by their ids."""
        return self._po_boxes

    def set_own(self, key: bytes) -> None:
        """Seal with another key (32 bytes) for ourselves from now on; the ones before still open."""
        self._own = [self_key(key), *(one for one in self._own if one.key != key)]

    def add_reading(self, key: bytes, giver: FeedId) -> bool:
        """Open with a group's key (32 bytes) too; true when it is a new one, false also where there are too many."""
        if key in self._reading or len(self._reading) >= MAX_KEYS:
            return False
        if giver != self._keys.id:
            if self._given[giver] >= MAX_OF_ONE or self._given.total() >= MAX_GIVEN:
                return False
            self._given[giver] += 1
        self._reading[key] = group_key(key)
        return True

    def reads(self, key: bytes) -> bool:
        """Whether we open with a group's key."""
        return key in self._reading

    def is_named(self, key: bytes) -> bool:
        """Whether we know which group a key belongs to."""
        return key in self._named

    def add_group(self, name: str, group: Group) -> bool:
        """Write to a group from now on; true when it was not known."""
        self.add_reading(group.key, self._keys.id)
        self._named.add(group.key)
        if name in self.groups:
            return False
        self.groups[name] = group
        return True

    def add_po_box(self, name: str, secret: bytes) -> bool:
        """Open what is sent to a post box; true when it is a new one."""
        if name in self._po_boxes or len(self._po_boxes) >= MAX_KEYS:
            return False
        self._po_boxes[name] = secret
        return True

    def fingerprint(self) -> bytes:
        """32 bytes that differ whenever something else can be opened."""
        parts = [one.key for one in self._own] + list(self._reading) + list(self._po_boxes.values())
        return sha256(b"".join(sorted(parts))).digest()

    def opens(self, value: Mapping[str, Any]) -> Opened | None:
        """Opens the content of a message's value; None where it is no envelope, or none for us."""
        content = value["content"]
        if not isinstance(content, str) or not content.endswith(box2.SUFFIX):
            return None
        context = context_of(value)
        opened = box2.unbox(content, context, self._reading.values(), box2.GROUP_SLOTS)
        return opened or box2.unbox(content, context, self._of_author(value["author"]))

    def slot_keys(self, recipients: Iterable[object]) -> list[SlotKey]:
        """The keys of what is published to groups, feeds and post boxes, in their order.

        Raises:
            NoSlot: one of them has none, there are more than 16, or a group stands behind another recipient.
        """
        asked = list(recipients)
        if not 1 <= len(asked) <= MAX_RECIPIENTS:
            raise NoSlot(f"private-group spec allows 1 to {MAX_RECIPIENTS} slots, not {len(asked)}")
        if any(is_group(one) for one in asked[1:]):
            raise NoSlot("private-group spec only supports one group recipient, the first one")
        return [self._slot_key(one) for one in asked]

    def _slot_key(self, recipient: object) -> SlotKey:
        if is_group(recipient):
            group = None if recipient in self.left else self.groups.get(str(recipient))
            if group is None:
                raise NoSlot("unknown groupId")
            return group_key(group.key)
        if recipient == self._keys.id:
            return self._own[0]
        found: list[SlotKey] = []
        if is_feed(recipient):
            found = self._direct(recipient)
        elif bfe.po_box_public(recipient) is not None:
            found = po_box_keys(self._keys, str(recipient))
        if not found:
            raise NoSlot(f"Unsupported recipient: {recipient}")
        return found[0]

    def _of_author(self, author: FeedId) -> Iterable[SlotKey]:
        """Keys that may be in any slot of an author's envelopes; made one after the other, as they are tried."""
        yield from self._own if author == self._keys.id else self._direct(author)
        for secret in self._po_boxes.values():
            yield from po_box_keys_inside(secret, author)
