"""What messages say in private groups: who was added and who is asked to leave, post boxes, links; and who is told.

Knows contents and their checks, as ssb-tribes 4.0.1 has them; keeps nothing. `indexing` reads them, `api` writes them.
"""

from binascii import a2b_base64, b2a_base64
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeGuard

from common.refs import FeedId, MessageId, bfe, feed_id, is_feed, is_message, raw
from common.refs.ids import RAW_BYTES, is_cloaked_message

__all__ = [
    "ADD_MEMBER",
    "EXCLUDE_MEMBER",
    "FEED_LINK",
    "INIT",
    "MAX_RECIPIENTS",
    "PO_BOX",
    "SUBGROUP_LINK",
    "Added",
    "Excluded",
    "add_member",
    "added",
    "exclude_member",
    "excluded",
    "init",
    "is_group",
    "is_link",
    "is_recipient",
    "is_sealed_for",
    "key_of",
    "key_text",
    "link",
    "member_ids",
    "po_box_of",
    "po_box_secret",
    "po_box_update",
    "set_value",
]

INIT: Final = "group/init"
ADD_MEMBER: Final = "group/add-member"
EXCLUDE_MEMBER: Final = "group/exclude-member"
PO_BOX: Final = "group/po-box"
MAX_RECIPIENTS: Final = 16
"""Slots of an envelope, the group's own among them."""

FEED_LINK: Final = "link/feed-group"
SUBGROUP_LINK: Final = "link/group-group/subgroup"

_BEGINNING: Final = {"root": None, "previous": None}
_VERSION: Final = "v1"
_ADDED: Final = {"type", "version", "groupKey", "root", "text", "recps", "tangles"}
_EXCLUDED: Final = {"type", "excludes", "recps", "tangles"}
"""Members that the schemas of private-group-spec allow."""


class Added(NamedTuple):
    """Feeds that were given a group's key (32 bytes); the group's first message proves whose key it is."""

    group: str
    key: bytes
    root: MessageId
    members: tuple[FeedId, ...]


class Excluded(NamedTuple):
    """Feeds that were asked to leave a group."""

    group: str
    members: tuple[FeedId, ...]


def is_group(value: object) -> TypeGuard[str]:
    """Whether a value is the id of a group."""
    return is_cloaked_message(value)


def is_recipient(value: object) -> TypeGuard[str]:
    """Whether anybody can be reached by this id: a feed, a group, a post box."""
    return is_feed(value) or is_sealed_for(value)


def is_sealed_for(value: object) -> bool:
    """Whether a recipient can only be reached by an envelope: a group, or a post box."""
    return is_group(value) or bfe.po_box_public(value) is not None


def key_of(text: object) -> bytes | None:
    """The key (32 bytes) in canonical base64, or None."""
    if not isinstance(text, str):
        return None
    try:
        key = a2b_base64(text)
    except ValueError:
        return None
    return key if len(key) == RAW_BYTES and key_text(key) == text else None


def key_text(key: bytes) -> str:
    """A key as contents hold it."""
    return b2a_base64(key, newline=False).decode("ascii")


def member_ids(values: object) -> tuple[FeedId, ...] | None:
    """Feeds, each spelled as its key is; None where anything else is among them."""
    if not isinstance(values, list) or not all(is_feed(one) for one in values):
        return None
    feeds = tuple(FeedId(one) for one in values)
    return feeds if all(feed_id(raw(one)) == one for one in feeds) else None


def init() -> dict[str, Any]:
    """The content that begins a group."""
    return {"type": INIT, "tangles": {"group": _BEGINNING}}


def add_member(
    group: str, key: bytes, root: MessageId, members: Sequence[str], text: str | None
) -> dict[str, Any]:
    """The content that gives feeds a group's key; tangles come with publishing."""
    content = {
        "type": ADD_MEMBER,
        "version": _VERSION,
        "groupKey": key_text(key),
        "root": root,
        "tangles": {},
        "recps": [group, *members],
    }
    return content if text is None else content | {"text": text}


def added(content: object) -> Added | None:
    """Who was added to which group; None where the content says no such thing, or not as it has to."""
    if (
        not isinstance(content, dict)
        or content.get("type") != ADD_MEMBER
        or content.keys() - _ADDED
    ):
        return None
    recipients, root = content.get("recps"), content.get("root")
    if not isinstance(recipients, list) or not 2 <= len(recipients) <= MAX_RECIPIENTS:
        return None
    group, members = recipients[0], member_ids(recipients[1:])
    key = key_of(content.get("groupKey"))
    valid = content.get("version") == _VERSION and _is_update(content, "group")
    if not valid or not is_group(group) or members is None or key is None or not is_message(root):
        return None
    return Added(group, key, root, members)


def exclude_member(group: str, members: Sequence[str]) -> dict[str, Any]:
    """The content that asks feeds to leave a group; tangles come with publishing."""
    return {"type": EXCLUDE_MEMBER, "excludes": list(members), "tangles": {}, "recps": [group]}


def excluded(content: object) -> Excluded | None:
    """Who was asked to leave which group; None where the content says no such thing, or not as it has to."""
    if not isinstance(content, dict) or content.get("type") != EXCLUDE_MEMBER:
        return None
    recipients, members = content.get("recps"), member_ids(content.get("excludes"))
    if not isinstance(recipients, list) or len(recipients) != 1 or not is_group(recipients[0]):
        return None
    tangled = _is_update(content, "group") and _is_update(content, "members")
    if content.keys() - _EXCLUDED or not members or not tangled:
        return None
    return Excluded(recipients[0], members)


def po_box_update(
    group: str, root: MessageId, previous: Sequence[str], secret: bytes, box: str
) -> dict[str, Any]:
    """The content that gives a group a post box: its id, and its secret (32 bytes)."""
    return {
        "type": PO_BOX,
        "keys": {"set": {"poBoxId": box, "key": key_text(secret)}},
        "recps": [group],
        "tangles": {"poBox": {"root": root, "previous": list(previous)}},
    }


def po_box_of(content: object) -> tuple[str, bytes] | None:
    """Id and secret (32 bytes) of the post box that a group was given, or None."""
    if not isinstance(content, dict) or content.get("type") != PO_BOX:
        return None
    keys = content.get("keys")
    given = keys.get("set") if isinstance(keys, dict) else None
    return po_box_secret(given) if isinstance(given, dict) else None


def po_box_secret(given: Mapping[str, Any]) -> tuple[str, bytes] | None:
    """Id and secret (32 bytes) of `{poBoxId, key}`, or None."""
    box, secret = given.get("poBoxId"), key_of(given.get("key"))
    if secret is None or not isinstance(box, str) or bfe.po_box_public(box) is None:
        return None
    return box, secret


def link(kind: str, parent: str, child: str, recipients: Sequence[str]) -> dict[str, Any]:
    """The content that links a feed or a group with a group; what it adds stands as `{"set": value}` under its name."""
    return {
        "type": kind,
        "parent": parent,
        "child": child,
        "recps": list(recipients),
        "tangles": {"link": {"root": None, "previous": None}},
    }


def is_link(content: Mapping[str, Any]) -> bool:
    """Whether a content is a link, not a change of one."""
    tangles = content.get("tangles")
    place = tangles.get("link") if isinstance(tangles, dict) else None
    return content.get("type") in (FEED_LINK, SUBGROUP_LINK) and place == _BEGINNING


def set_value(field: object) -> object:
    """What a field was set to, by `{"set": value}`."""
    return field.get("set") if isinstance(field, dict) else None


def _is_update(content: Mapping[str, Any], tangle: str) -> bool:
    """Whether a content goes on with a tangle, after messages of it."""
    tangles = content.get("tangles")
    place = tangles.get(tangle) if isinstance(tangles, dict) else None
    if not isinstance(place, dict) or not is_message(place.get("root")):
        return False
    previous = place.get("previous")
    return isinstance(previous, list) and bool(previous)
