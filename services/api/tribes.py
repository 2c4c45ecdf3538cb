"""The messages that the publishing methods of `tribes.*` write, and what they answer.

Knows the contents, complaints and answers of ssb-tribes 4.0.1; publishes nothing. Called by the handlers.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from common.bus import CallerError
from common.feed import groups
from common.feed.groups import is_group
from common.feed.javascript import text_of
from common.feed.json import compact
from common.refs import MessageId, is_feed

__all__ = [
    "MAX_UNITS",
    "addition",
    "buffer",
    "content_of",
    "exclusion",
    "feed_link",
    "group_of",
    "link_record",
    "options_of",
    "pruned",
    "subgroup_link",
    "tangles_of",
]

MAX_UNITS: Final = 5_800
"""UTF-16 units of a content as JSON; in an envelope it still fits into a message then (ssb-tribes tangle-prune)."""
_SCHEMA: Final = "referenced schema does not match"
_FEW, _MANY = "has less items than allowed", "has more items than allowed"
_MEMBERSHIP: Final = (groups.ADD_MEMBER, groups.EXCLUDE_MEMBER)


def options_of(args: list[Any], place: int) -> Mapping[str, Any]:
    """The options at a place of the arguments; what is no object has none."""
    given = args[place] if len(args) > place else None
    return given if isinstance(given, dict) else {}


def group_of(args: list[Any]) -> str:
    """The group that the first argument names.

    Raises:
        CallerError: it is none.
    """
    name = args[0] if args else None
    if not is_group(name):
        raise CallerError(f"unknown groupId {text_of(name) if args else 'undefined'})")
    return name


def content_of(args: list[Any]) -> dict[str, Any]:
    """The content to publish, which says for whom it is.

    Raises:
        CallerError: it does not.
    """
    content = args[0] if args else None
    recipients = content.get("recps") if isinstance(content, dict) else None
    if not isinstance(content, dict) or not isinstance(recipients, list) or not recipients:
        raise CallerError("tribes.publish requires content.recps")
    return content


def addition(args: list[Any], key: bytes, root: MessageId) -> dict[str, Any]:
    """Content by which `invite(group, feeds, {text})` adds feeds.

    Raises:
        CallerError: with the text of the reference's schema.
    """
    name, feeds = group_of(args), _feeds_of(args)
    if not feeds:
        raise CallerError(f"data.recps {_FEW}")
    if len(feeds) >= groups.MAX_RECIPIENTS:
        raise CallerError(f"data.recps {_MANY}")
    for place, feed in enumerate(feeds, 1):
        if not is_feed(feed):
            raise CallerError(f"data.recps.{place} {_SCHEMA}")
    text = options_of(args, 2).get("text")
    if text is not None and not isinstance(text, str):
        raise CallerError("data.text is the wrong type")
    return groups.add_member(name, key, root, feeds, text or None)


def exclusion(args: list[Any]) -> dict[str, Any]:
    """Content by which `excludeMembers(group, feeds)` asks feeds to leave.

    Raises:
        CallerError: with the text of the reference's schema.
    """
    name, feeds = group_of(args), _feeds_of(args)
    if not feeds:
        raise CallerError(f"data.excludes {_FEW}")
    for place, feed in enumerate(feeds):
        if not is_feed(feed):
            raise CallerError(f'data.excludes["{place}"] {_SCHEMA}')
    return groups.exclude_member(name, feeds)


def feed_link(args: list[Any], own: str) -> dict[str, Any]:
    """Content by which `link.create({group, name})` links our feed with a group.

    Raises:
        CallerError: there is no such group, or no such name.
    """
    given = options_of(args, 0)
    name, group = given.get("name"), _child_of(given.get("group"))
    if name is not None and not isinstance(name, str):
        raise CallerError("data.name is the wrong type")
    return _with("name", name or None, groups.link(groups.FEED_LINK, own, group, [group]))


def subgroup_link(parent: Any, child: Any, admin: Any) -> dict[str, Any]:
    """Content by which a group is linked with one that is a part of it.

    Raises:
        CallerError: one of them is no group.
    """
    if not is_group(parent):
        raise CallerError(f"data.parent {_SCHEMA}")
    link = groups.link(groups.SUBGROUP_LINK, parent, _child_of(child), [parent])
    return _with("admin", True if admin else None, link)


def link_record(content: Mapping[str, Any], key: str, own: str, field: str) -> dict[str, Any]:
    """What `link.create` answers: the link as the reference reads it back."""
    return {
        "key": key,
        "type": content["type"],
        "originalAuthor": own,
        "recps": content["recps"],
        "parent": content["parent"],
        "child": content["child"],
        "tombstone": None,
        field: groups.set_value(content.get(field)),
        "conflictFields": [],
        "states": [],
    }


def tangles_of(content: Mapping[str, Any]) -> list[str]:
    """The tangles of its group that a content goes on with."""
    return ["group", "members"] if content.get("type") in _MEMBERSHIP else ["group"]


def pruned(
    content: dict[str, Any],
    tangles: Mapping[str, Any],
    shuffled: Callable[[Sequence[str]], list[str]],
) -> dict[str, Any]:
    """The content with its places in tangles; of many tips so many are named as fit in, in any order.

    Others who bring tips together too take others then, and all are one the sooner.
    """
    if not tangles:
        return content
    own = content.get("tangles")
    merged: dict[str, Any] = {**own} if isinstance(own, dict) else {}
    whole = content | {"tangles": merged}
    for name, place in tangles.items():
        merged[name] = dict(place)
        if _units(whole) > MAX_UNITS:
            previous = merged[name]["previous"] = shuffled(place["previous"])
            while previous and _units(whole) > MAX_UNITS:
                previous.pop()
    return whole


def buffer(data: bytes) -> dict[str, Any]:
    """Bytes as Node writes them in JSON."""
    return {"type": "Buffer", "data": list(data)}


def _feeds_of(args: list[Any]) -> list[Any]:
    feeds = args[1] if len(args) > 1 else None
    if not isinstance(feeds, list):
        raise CallerError("expected an array of feeds")
    return feeds


def _child_of(group: Any) -> str:
    if not is_group(group):
        raise CallerError(f"data.child {_SCHEMA}")
    return group


def _with(field: str, value: object, link: dict[str, Any]) -> dict[str, Any]:
    """A link with a field that was set, where it was, before its recipients."""
    if value is None:
        return link
    last = {name: link.pop(name) for name in ("recps", "tangles")}
    return {**link, field: {"set": value}, **last}


def _units(content: Mapping[str, Any]) -> int:
    return len(compact(dict(content)).encode("utf-16-le", "surrogatepass")) >> 1
