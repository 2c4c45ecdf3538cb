"""Links: an id and perhaps a query behind it (`&...sha256?unbox=...`); also what is linked in plain text.

Behaves as ssb-ref 2.16.0.
"""

import re
from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple
from urllib.parse import unquote_to_bytes

from common.refs.ids import is_blob, is_feed, is_message
from common.refs.invites import is_invite
from common.refs.legacy import is_address

Kind = Literal["feed", "msg", "blob", "address", "invite"]

MAX_QUERY_PARTS = 1000  # Node's querystring reads no more
MAX_CHANNEL_UNITS = 30

_LOOSE_ID = r"[@%&][A-Za-z0-9/+]{43}=\.[A-Za-z0-9_]+"
_ID = re.compile(_LOOSE_ID)
_LINK = re.compile(rf"({_LOOSE_ID})(?:\?([^\n\r\u2028\u2029]+))?")
_ESCAPES = re.compile(r"(?:%[0-9a-fA-F]{2})+")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2})")
_NOT_IN_CHANNEL = re.compile(
    "[\t\n\v\f\r \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
    r",.?!<>()\[\]\"#]"
)


_CHECKS: Mapping[str, Callable[[str], bool]] = {"@": is_feed, "%": is_message, "&": is_blob}


class Link(NamedTuple):
    """The id that a link leads to, and its query (None without one); repeated names make a list."""

    link: str
    query: dict[str, str | list[str]] | None


def is_link(text: str) -> bool:
    """Whether a text is an id, with or without something after a `?`."""
    check = _CHECKS.get(text[:1])
    return check is not None and check(text.partition("?")[0])


def is_blob_link(text: str) -> bool:
    """Whether a text links to a blob."""
    return text.startswith("&") and is_link(text)


def is_message_link(text: str) -> bool:
    """Whether a text links to a message."""
    return text.startswith("%") and is_link(text)


def parse_link(text: str) -> Link | None:
    """Id and query of a link, None when it is none; any suffix of the id will do."""
    match = _LINK.fullmatch(text)
    if match is None:
        return None
    ref, query = match.groups()
    return Link(ref, None if query is None else _query(query))


def find_link(text: str) -> str | None:
    """The first id within a text, percent-encoded or not, None when there is none (extract)."""
    match = _ID.search(text)
    if match is None:
        decoded = _decoded(text)
        match = _ID.search((text if decoded is None else decoded).replace("&amp;", "&"))
    return match.group() if match else None


def kind_of(text: str) -> Kind | None:
    """What a text refers to (ssb-ref's type), None for nothing known."""
    if is_feed(text):
        return "feed"
    if is_message(text):
        return "msg"
    if is_blob(text):
        return "blob"
    if is_address(text):
        return "address"
    return "invite" if is_invite(text) else None


def normalize_channel(text: str) -> str | None:
    """The one spelling of a channel's name, at most 30 UTF-16 units; None when nothing is left."""
    units = _NOT_IN_CHANNEL.sub("", text.lower()).encode("utf-16-le", "surrogatepass")
    name = units[: 2 * MAX_CHANNEL_UNITS].decode("utf-16-le", "surrogatepass")
    return name or None


def _decoded(text: str) -> str | None:
    """JavaScript's decodeURIComponent; None where that throws."""
    if _BROKEN_ESCAPE.search(text):
        return None
    try:
        return _ESCAPES.sub(lambda match: unquote_to_bytes(match.group()).decode("utf-8"), text)
    except UnicodeDecodeError:
        return None


def _query(text: str) -> dict[str, str | list[str]]:
    """Node's querystring.parse, with the plus signs of an unbox key left as they are."""
    found: dict[str, list[str]] = {}
    for part in [p for p in text.split("&") if p][:MAX_QUERY_PARTS]:
        name, _, value = part.partition("=")
        found.setdefault(_unescaped(name), []).append(_unescaped(value))
    query: dict[str, str | list[str]] = {
        name: values if len(values) > 1 else values[0] for name, values in found.items()
    }
    if isinstance(unbox := query.get("unbox"), str):
        query["unbox"] = unbox.replace(" ", "+")
    return query


def _unescaped(text: str) -> str:
    """As `_decoded`; where that fails, byte by byte from the low bytes of the UTF-16 units."""
    spaced = text.replace("+", " ")
    decoded = _decoded(spaced)
    if decoded is not None:
        return decoded
    low_bytes = spaced.encode("utf-16-le", "surrogatepass")[::2]
    return unquote_to_bytes(low_bytes).decode("utf-8", "replace")
