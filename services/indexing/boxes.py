"""What opens the private content that is for us: boxes (box1) and envelopes (box2), and what envelopes tell of further keys.

Knows our keys and those that we are told; keeps nothing on disk and asks nobody: whose key a new one is, is found out in
`adapters/unsealer.py`. Called by the fold for each message.
"""

from collections.abc import Callable, Mapping
from typing import Any

from common.crypto.keys import Keys
from common.feed import box2, groups, private
from common.feed.box2_keys import group_key
from common.feed.groups import Added, Excluded
from common.feed.keyring import Group, Keyring, context_of
from common.feed.private import Opened
from common.refs import FeedId, MessageId

__all__ = ["Boxes"]

MAX_DEPTH = 100
"""Lists and objects within each other: a public message has no room for more than 63 of them, what is in a box has."""
MAX_INVITATIONS = 4_000
"""Kept while the message that began the group is not here: anybody who is replicated can send them."""


class Boxes:
    """The keys of one identity, and what opens with them."""

    def __init__(self, keys: Keys) -> None:
        self._own = keys.id
        self._secret = private.exchange_secret(keys)
        #: All keys for envelopes.
        self.ring = Keyring(keys)
        #: Keys of groups that were given to us, with the message that is said to have begun the group, until we have that.
        self.invitations: set[tuple[bytes, MessageId]] = set()
        #: Called when there may be more to open, or a group to be known by its name.
        self.on_news: Callable[[], None] = _ignore
        self._asked_to_leave: set[tuple[str, bytes]] = set()

    def opens(self, value: Mapping[str, Any]) -> Opened | None:
        """Opens the content of a message's value; None where it is public, not for us, or nested too deep."""
        opened = self._opened(value)
        return opened if opened is not None and _is_shallow(opened.content) else None

    def own_key(self, key: bytes) -> None:
        """Seal for ourselves with another key (32 bytes) from now on."""
        self.ring.set_own(key)
        self.on_news()

    def invite(self, added: Added, giver: FeedId) -> None:
        """Take a group's key that somebody gave us."""
        fresh = self.ring.add_reading(added.key, giver)
        invitation = (added.key, added.root)
        if not fresh and (not self.ring.reads(added.key) or self.ring.is_named(added.key)):
            return
        if invitation not in self.invitations and len(self.invitations) < MAX_INVITATIONS:
            self.invitations.add(invitation)
            fresh = True
        if fresh:
            self.on_news()

    def ask_to_leave(self, excluded: Excluded, by: bytes) -> None:
        """Take that a member, who has the group's key (32 bytes), asked us to leave."""
        if self._own in excluded.members:
            self._asked_to_leave.add((excluded.group, by))
            self._leave()

    def post_box(self, name: str, secret: bytes) -> None:
        """Take the secret (32 bytes) of a post box."""
        if self.ring.add_po_box(name, secret):
            self.on_news()

    def register(self, name: str, group: Group) -> None:
        """Take a group by its name, from ourselves."""
        self.ring.add_group(name, group)
        self._leave()
        self.on_news()

    def resolve(self, root: MessageId, value: Mapping[str, Any]) -> None:
        """Learn the names of groups that a message begins, of those that we have a key for.

        Only that message and the key together prove a name (private-group-spec, group id).
        """
        for invitation in [one for one in self.invitations if one[1] == root]:
            self.invitations.discard(invitation)
            key = invitation[0]
            name = _name(root, value, key)
            if name is not None:
                self.ring.add_group(name, Group(key, root))
        self._leave()

    def _opened(self, value: Mapping[str, Any]) -> Opened | None:
        content = value["content"]
        if not isinstance(content, str):
            return None
        if content.endswith(private.SUFFIX):
            return private.unbox(content, self._secret)
        opened = self.ring.opens(value)
        if opened is not None and isinstance(opened.content, dict):
            self._listen(opened.content, value["author"], opened.group)
            if opened.group is None and groups.added(opened.content):
                return self.ring.opens(value)  # an invitation is a message of its group too
        return opened

    def _listen(self, content: dict[str, Any], author: FeedId, by: bytes | None) -> None:
        if added := groups.added(content):
            self.invite(added, author)
        elif by is None:
            return
        elif excluded := groups.excluded(content):
            self.ask_to_leave(excluded, by)
        elif box := groups.po_box_of(content):
            self.post_box(*box)
        elif content.get("type") == groups.INIT and self.invitations:
            self.on_news()

    def _leave(self) -> None:
        for name, key in self._asked_to_leave:
            group = self.ring.groups.get(name)
            if group is not None and group.key == key:
                self.ring.left.add(name)


def _name(root: MessageId, value: Mapping[str, Any], key: bytes) -> str | None:
    content = value["content"]
    if not isinstance(content, str) or not content.endswith(box2.SUFFIX):
        return None
    opened = box2.unbox(content, context_of(value), [group_key(key)], box2.GROUP_SLOTS)
    said = None if opened is None else opened.content
    if opened is None or not isinstance(said, dict) or said.get("type") != groups.INIT:
        return None
    return box2.group_id(root, opened.slot)


def _is_shallow(content: Any) -> bool:
    level = [content] if isinstance(content, dict | list) else []
    depth = 0
    while level and depth < MAX_DEPTH:
        depth += 1
        inner = (one.values() if isinstance(one, dict) else one for one in level)
        level = [one for members in inner for one in members if isinstance(one, dict | list)]
    return not level


def _ignore() -> None:
    pass
