"""What a query's first filter demands of all that it finds: ids that are mentioned, a channel; or just what an index has.

So the few messages that have them can be looked for, instead of all that an index gives; and those of an index need not
be looked at where it says all. Knows no rows. Called by the view of `query`.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from common.query.backlinks import destinations
from common.query.choice import Field
from common.query.request import Span
from common.query.rules import is_special

__all__ = ["Needed", "is_met", "needed"]

MAX_TEXT = 100
"""Letters of a text that stands in keys as it is, with nothing cut off."""
_ESCAPED = frozenset('?!"')

_CHANNEL = "channel"


class Needed(NamedTuple):
    """Each message that is found mentions these (`destinations` of its content has them), and has this `channel`."""

    mentions: list[str]
    channel: str | None


def needed(query: Any) -> Needed:
    """What the first stage demands, where it is nothing but a `$filter`; nothing else counts than texts as they are."""
    rule = query[0] if isinstance(query, list) and query else None
    content = rule.get("$filter") if isinstance(rule, dict) and len(rule) == 1 else None
    for name in ("value", "content"):
        content = (
            content.get(name) if isinstance(content, dict) and not is_special(content) else None
        )
    if not isinstance(content, dict) or is_special(content):
        return Needed([], None)
    channel = content.get(_CHANNEL)
    # What stands in `channel` is a channel's name to `destinations`, even an id.
    others = [one for name, one in content.items() if name != _CHANNEL]
    mentions = [text for text in dict.fromkeys(_texts(others)) if destinations(text) == [text]]
    return Needed(mentions, channel if isinstance(channel, str) else None)


def is_met(query: Any, span: Span) -> bool:
    """Whether a query is nothing but a filter that all of a span pass: each text it demands is a field of the index."""
    rule = query[0] if isinstance(query, list) and len(query) == 1 else None
    if span.chosen is None or not isinstance(rule, dict) or list(rule) != ["$filter"]:
        return False
    fixed: dict[tuple[str, ...], str] = {}
    for field, low, high in zip(span.chosen.fields, span.gte, span.lte, strict=True):
        if not isinstance(low, str) or low != high:
            break  # behind a field with several values all others have several, too
        fixed[_way(field)] = low
    return all(
        isinstance(text, str)
        and fixed.get(way) == text
        and len(text) <= MAX_TEXT
        and _ESCAPED.isdisjoint(text)
        for way, text in _leaves(rule["$filter"])
    )


def _way(field: Field) -> tuple[str, ...]:
    return (field,) if isinstance(field, str) else field


def _leaves(rule: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Each rule within a filter that is no object of others, and the way to what it is a rule for."""
    waiting: list[tuple[tuple[str, ...], Any]] = [((), rule)]
    while waiting:
        way, rule = waiting.pop()
        if isinstance(rule, dict) and rule and not is_special(rule):
            waiting += (((*way, name), one) for name, one in rule.items())
        else:
            yield way, rule


def _texts(rules: list[Any]) -> Iterator[str]:
    """Each text that must stand somewhere within: that of a rule, or of a rule within it."""
    waiting = list(rules)
    while waiting:
        rule = waiting.pop()
        if isinstance(rule, str):
            yield rule
        elif isinstance(rule, dict) and list(rule) == ["$eq"]:
            if isinstance(rule["$eq"], str):
                yield rule["$eq"]
        elif isinstance(rule, list):
            waiting += rule
        elif isinstance(rule, dict) and not is_special(rule):
            waiting += rule.values()
