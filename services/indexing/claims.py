"""What feeds said about somebody or something, and whose word counts: as ssb-social-index 1.2 settles it.

A claim is an author with the content of one of its about messages; claims come in the order of their times. Pure: never
knows where claims are kept. Called by the views that tell what things are called.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from common.feed.javascript import is_truthy
from common.refs.links import is_link

__all__ = ["Claim", "Latest", "changed", "is_removal", "settled", "social"]


class Claim(NamedTuple):
    """What an author said in one message."""

    author: str
    content: Mapping[str, Any]

    def says(self, key: str) -> Any:
        """The value of a member; None where there is none that counts."""
        value = self.content.get(key)
        return value if is_truthy(value) else None


def is_removal(value: Any) -> bool:
    """Whether a value takes back what its author said before."""
    return isinstance(value, dict) and is_truthy(value.get("remove"))


def settled(values: dict[str, Any], claim: Claim, key: str) -> None:
    """Take a claim into the last values of all authors, those that take one back included."""
    value = claim.says(key)
    if value is not None:
        values[claim.author] = value


def changed(values: dict[str, Any], claim: Claim, key: str) -> bool:
    """Take a claim into the values of all authors, one that takes back takes away; false when it says nothing."""
    value = claim.says(key)
    if value is None:
        return False
    if is_removal(value):
        values.pop(claim.author, None)
    else:
        values[claim.author] = value
    return True


def social(values: Mapping[str, Any], own: str, author: str | None) -> Any:
    """The value that counts for us: our own, else its author's, else the most frequent; None where there is none."""
    for first in (own, author):
        if first is not None and first in values:
            return values[first]
    counts: dict[str, int] = {}
    best, most = None, 0
    for value in values.values():
        text = _counted(value)
        if text is not None:
            counts[text] = counts.get(text, 0) + 1
            if counts[text] > most:
                best, most = text, counts[text]
    return best


class Latest:
    """The newest value, claim by claim: when its author takes it back, the one before counts again.

    The very last one stays when it is taken back, as in the reference.
    """

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}
        self.value: Any = None

    def take(self, claim: Claim, key: str) -> bool:
        """Take a claim; false when it says nothing."""
        if claim.says(key) is None:
            return False
        self._values.pop(claim.author, None)
        changed(self._values, claim, key)
        if self._values:
            self.value = self._values[next(reversed(self._values))]
        return True


def _counted(value: Any) -> str | None:
    """What of a value is compared with others: a text, or where it links to."""
    if isinstance(value, str):
        return value
    link = value.get("link") if isinstance(value, dict) else None
    return link if isinstance(link, str) and is_link(link) and not is_removal(value) else None
