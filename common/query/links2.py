"""The links of a message as ssb-links 3.0 indexes them: from whom, to what, and in which relation.

The relation is a list: the name of the member, and what else tells links of one kind apart. Called by the view
of `links2`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from common.feed.javascript import UNDEFINED, is_truthy
from common.feed.json import compact
from common.feed.links import ContentLink, links_in
from common.query.values import clean

__all__ = ["links_of", "relation"]


def links_of(value: Mapping[str, Any], received: float) -> Iterator[dict[str, Any]]:
    """`{source, dest, rel, ts}` of each link in the value of a message, and when that was received."""
    for link in links_in(value):
        rel = relation(link, value["content"])
        yield {"source": value["author"], "dest": link.dest, "rel": rel, "ts": received}


def relation(link: ContentLink, content: Any) -> list[Any]:
    """The relation of a link within a message with this content."""
    said = content if isinstance(content, dict) else {}
    return [_flat(one) for one in _relation(link, said)]


def _relation(link: ContentLink, content: Mapping[str, Any]) -> list[Any]:
    get = link.target.get
    match link.rel:
        case "vote":
            return ["vote", get("value", UNDEFINED)]
        case "flag":
            return ["flag", get("reason", UNDEFINED)]
        case "mentions":
            return _mention(link)
        case "about" if isinstance(content.get("name"), str):
            return ["about", content["name"]]
        case "image":
            return ["image", get("type", UNDEFINED), get("size", UNDEFINED)]
        case "contact":
            stands = (content.get(name, UNDEFINED) for name in ("following", "blocking"))
            return ["contact", *stands]
    return [link.rel]


def _mention(link: ContentLink) -> list[Any]:
    name = link.target.get("name", UNDEFINED)
    if link.dest.startswith("@"):
        return ["mentions", "@" + (name.lower() if isinstance(name, str) else "")]
    if link.dest.startswith("&"):
        file = link.target.get("filename", UNDEFINED)
        return ["mentions", file if is_truthy(file) else name, link.target.get("size", UNDEFINED)]
    return ["mentions"]


def _flat(value: Any) -> Any:
    if isinstance(value, list):
        return [_flat(one) for one in value]
    return compact(clean(value)) if isinstance(value, dict) else value
