"""The links that a message's content has: ids that stand in its members, alone, in lists or as `{link}`.

Behaves as indexLinks of ssb-msgs 5.2. What stands deeper is no link to it. Called by the views of links.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from common.feed.javascript import is_truthy
from common.refs.links import is_link

__all__ = ["ContentLink", "links_in", "say_the_same"]

_SIGILS = frozenset("@%&")


class ContentLink(NamedTuple):
    """A link: the member it stands in, where it leads (perhaps with a query), and its object (`{link, ...}`)."""

    rel: str
    dest: str
    target: Mapping[str, Any]


def links_in(said: Any) -> Iterator[ContentLink]:
    """The links of content, or of a whole message's value: its content where that has a type, else its own members."""
    content = _content(said)
    if not isinstance(content, dict):
        return
    for rel, member in content.items():
        if isinstance(member, str):
            if member[:1] in _SIGILS and is_link(member):
                yield ContentLink(rel, member, {"link": member})
        elif isinstance(member, dict | list):
            for one in _several(member):
                target = {"link": one} if isinstance(one, str) else one
                dest = target.get("link") if isinstance(target, dict) else None
                if isinstance(dest, str) and dest[:1] in _SIGILS and is_link(dest):
                    yield ContentLink(rel, dest, target)


def say_the_same(value: Mapping[str, Any], content: Any) -> bool:
    """Whether a message's value has the links that its content has, told by a cheap look."""
    return (
        isinstance(content, dict)
        and is_truthy(content.get("type"))
        and not isinstance(content.get("value"), dict)
        and not isinstance(content.get("content"), dict)
        and not isinstance(value.get("value"), dict)
    )


def _content(said: Any) -> Any:
    if not isinstance(said, dict):
        return said
    value = said.get("value")
    inner = value.get("content") if isinstance(value, dict) else None
    for found in (inner, said.get("content")):
        if isinstance(found, dict) and is_truthy(found.get("type")):
            return found
    return said


def _several(member: list[Any] | dict[str, Any]) -> list[Any]:
    """What is linked by one member: the items of a list, or of an object with members 0, 1, ..., or itself."""
    if isinstance(member, list):
        return member
    items: list[Any] = []
    while is_truthy(item := member.get(str(len(items)))):
        items.append(item)
    return items or [member]
