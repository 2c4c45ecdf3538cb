"""The links that a message's content has: ids that stand in its members, alone, in lists or as `{link}`.

Behaves as indexLinks of ssb-msgs 5.2. What stands deeper is no link to it. Called by the views of links.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from common.feed.options import is_truthy
from common.refs.links import is_link

__all__ = ["ContentLink", "links_in"]

_SIGILS = ("@", "%", "&")


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
        for one in _several(member):
            target = {"link": one} if isinstance(one, str) else one
            dest = target.get("link") if isinstance(target, dict) else None
            if isinstance(dest, str) and dest[:1] in _SIGILS and is_link(dest):
                yield ContentLink(rel, dest, target)


def _content(said: Any) -> Any:
    if not isinstance(said, dict):
        return said
    value = said.get("value")
    inner = value.get("content") if isinstance(value, dict) else None
    for found in (inner, said.get("content")):
        if isinstance(found, dict) and is_truthy(found.get("type")):
            return found
    return said


def _several(member: Any) -> list[Any]:
    """What is linked by one member: itself, the items of a list, or of an object with members 0, 1, ..."""
    if isinstance(member, list):
        return member
    if not isinstance(member, dict):
        return [member]
    items: list[Any] = []
    while is_truthy(item := member.get(str(len(items)))):
        items.append(item)
    return items or [member]
