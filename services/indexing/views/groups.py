"""What was said in private groups about who is in them and how they hang together, and all envelopes there are.

Knows contents of `common/feed/groups.py` and links; never keys of ours. What the rows answer is in `handlers/groups.py`, which has the keys: it
believes a row by the key that opened the message.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from common.bus import Method
from common.feed import box2, groups
from common.feed.groups import MAX_RECIPIENTS, is_group, is_recipient
from common.feed.json import compact_utf8
from common.refs import is_message, message_id, raw
from services.indexing.adapters.reader import Reader
from services.indexing.model.message import PUBLIC, Message
from services.indexing.model.view import Row, View

__all__ = [
    "CHILD",
    "FEED",
    "LEFT",
    "MEMBERS",
    "PARENT",
    "PO_BOX",
    "TANGLES",
    "VIEWS",
    "Envelopes",
    "GroupTangles",
    "Groups",
    "methods",
]

MEMBERS, LEFT, PO_BOX, FEED, CHILD, PARENT = b"m", b"x", b"p", b"f", b"c", b"q"
"""Kinds of rows: who was given a group's key, who was asked to leave, a group's post box; by feed its groups, by group its
subgroups and those it is a subgroup of."""
TANGLES: Mapping[str, bytes] = {"group": b"g", "members": b"m", "poBox": b"p"}
"""Tangles of a group that are followed, with how their rows begin."""
MAX_PREVIOUS = 256
"""Of one message, that count: more do not fit into one that has anything to say."""
MAX_NAME = 1_000
"""Characters of the name of a link that are kept."""


class Envelopes:
    """Position -> nothing, of every envelope: what has to be tried when there is another key."""

    name = "envelopes"
    version = 1
    reads: frozenset[int] = frozenset()

    def rows(self, message: Message) -> Iterator[Row]:
        """One row, whether we can open it or not."""
        content = message.value["content"]
        if isinstance(content, str) and content.endswith(box2.SUFFIX):
            yield Row(message.position.to_bytes(8), b"", PUBLIC)


class Groups:
    """Kind, group or feed (32 bytes), position -> what was said, as JSON; `by` is the group's key that opened it."""

    name = "groups"
    version = 1
    reads: frozenset[int] = frozenset()

    def rows(self, message: Message) -> Iterator[Row]:
        """At most two rows."""
        content = message.content
        if message.opened is None or not isinstance(content, dict):
            return
        by = message.opened.group
        told = {
            "id": message_id(message.record.key),
            "author": message.value["author"],
            "by": None if by is None else groups.key_text(by),
        }
        for kind, about, said in _said(content, message.value["author"]):
            key = kind + raw(about) + message.position.to_bytes(8)
            yield Row(key, compact_utf8(told | said), message.space)


class GroupTangles:
    """Tangle, root, position -> message, previous ones (32 bytes each), of what groups can read."""

    name = "group-tangles"
    version = 1
    reads: frozenset[int] = frozenset()

    def rows(self, message: Message) -> Iterator[Row]:
        """One row for each tangle that it goes on with."""
        content = message.content
        if message.opened is None or message.opened.group is None or not isinstance(content, dict):
            return
        tangles = content.get("tangles")
        for name, kind in TANGLES.items():
            place = tangles.get(name) if isinstance(tangles, dict) else None
            root = place.get("root") if isinstance(place, dict) else None
            if isinstance(place, dict) and is_message(root):
                previous = place.get("previous")
                known = previous[:MAX_PREVIOUS] if isinstance(previous, list) else []
                value = message.record.key + b"".join(raw(one) for one in known if is_message(one))
                yield Row(kind + raw(root) + message.position.to_bytes(8), value, message.space)


VIEWS: tuple[View, ...] = (Envelopes(), Groups(), GroupTangles())


def methods(_: Reader) -> Mapping[str, Method]:
    """None: `handlers/groups.py` answers."""
    return {}


def _said(content: dict[str, Any], author: str) -> Iterator[tuple[bytes, str, dict[str, Any]]]:
    """Kind, whom it is about, and the rest."""
    if added := groups.added(content):
        key = groups.key_text(added.key)
        yield MEMBERS, added.group, {"key": key, "root": added.root, "members": [*added.members]}
    elif excluded := groups.excluded(content):
        yield LEFT, excluded.group, {"group": excluded.group, "members": [*excluded.members]}
    elif box := groups.po_box_of(content):
        recipients = content.get("recps")
        if isinstance(recipients, list) and recipients and is_group(recipients[0]):
            yield PO_BOX, recipients[0], {"poBoxId": box[0], "key": groups.key_text(box[1])}
    else:
        yield from _linked(content, author)


def _linked(content: dict[str, Any], author: str) -> Iterator[tuple[bytes, str, dict[str, Any]]]:
    parent, child, recipients = (content.get(name) for name in ("parent", "child", "recps"))
    if not groups.is_link(content) or not is_group(child) or not isinstance(recipients, list):
        return
    said: dict[str, Any] = {
        "child": child,
        "recps": [one for one in recipients[:MAX_RECIPIENTS] if is_recipient(one)],
    }
    if content["type"] == groups.FEED_LINK and parent == author and recipients[:1] == [child]:
        name = groups.set_value(content.get("name"))
        yield FEED, author, said | {"name": name[:MAX_NAME] if isinstance(name, str) else None}
    elif content["type"] == groups.SUBGROUP_LINK and is_group(parent):
        admin = groups.set_value(content.get("admin")) or None
        said |= {"parent": parent, "admin": admin if isinstance(admin, bool) else None}
        yield CHILD, parent, said
        yield PARENT, child, said
