"""Which feeds a text may mean, and in which order: as ssb-suggest 1.3 finds them.

Names are compared by their letters alone: no case, no accents, no spaces, hyphens and underscores. Pure; called by the view
that suggests.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

__all__ = ["Profile", "Suggestion", "folded", "suggested"]

_LEFT_OUT = re.compile("[\\s_\ufeff-]")
_DEAD = ("deprecated", "dead")


class Profile(NamedTuple):
    """A feed: its name and image that count for us (None for none), and the names that those we follow give it."""

    id: str
    name: Any
    names: list[Any]
    image: Any

    @property
    def is_dead(self) -> bool:
        """Whether some name says that nobody uses the feed any more."""
        texts: list[str] = [name for name in (self.name, *self.names) if isinstance(name, str)]
        return any(text.startswith(_DEAD) for text in texts)


class Suggestion(NamedTuple):
    """A feed and the name by which it was found."""

    name: str
    profile: Profile

    @property
    def preferred(self) -> bool:
        """Whether it was found by the name that counts for us."""
        return bool(self.name == self.profile.name)


def folded(text: str) -> str:
    """What of a text is compared."""
    return _base(_flat(text))


def suggested(text: str, profiles: Sequence[Profile]) -> list[Suggestion]:
    """Of each profile that has a name which begins so, the best one; the best profiles first."""
    found = [
        Suggestion(name, profile)
        for profile in profiles
        for name in dict.fromkeys(one for one in (profile.name, *profile.names) if _is_text(one))
        if _begins(_flat(name), _flat(text))
    ]
    flat = _flat(text)

    def chosen(fits: Callable[[Suggestion], bool]) -> list[Suggestion]:
        return sorted(filter(fits, found), key=lambda one: not one.preferred)

    groups = (
        chosen(lambda one: one.name == text),
        [one for one in found if one.preferred and _begins(_flat(one.name), flat)],
        chosen(lambda one: _flat(one.name) == flat),
        chosen(lambda one: _begins(one.name, text)),
        chosen(lambda one: _begins(_flat(one.name), flat)),
        found,
    )
    best: dict[str, Suggestion] = {}
    for group in groups:
        for one in group:
            best.setdefault(one.profile.id, one)
    return sorted(best.values(), key=lambda one: one.profile.is_dead)


def _is_text(name: Any) -> bool:
    return isinstance(name, str) and bool(name)


def _flat(text: str) -> str:
    return _LEFT_OUT.sub("", text.lower())


def _base(text: str) -> str:
    """A text without case and accents."""
    apart = unicodedata.normalize("NFKD", text)
    return "".join(one for one in apart if not unicodedata.combining(one)).casefold()


def _begins(text: str, beginning: str) -> bool:
    return _base(text[: len(beginning)]) == _base(beginning)
