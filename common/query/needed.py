"""What a query's first filter demands of the content of all that it finds: ids that are mentioned, a channel.

So the few messages that have them can be looked for, instead of all that an index gives. Knows no rows. Called by the
view of `query`.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from common.query.backlinks import destinations
from common.query.rules import is_special

__all__ = ["Needed", "needed"]

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
