"""What clients ask of threads: options as ssb-threads 10.8 has them.

Pure; never knows where threads are kept. Called by the views that answer `threads.*`.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from common.bus import CallerError
from common.feed.javascript import is_number, is_truthy, text_of
from services.indexing.model.threads import kind_of

__all__ = ["Filter", "Wanted", "hashtags_of", "wanted"]

MAX_TYPES = 100
"""Of `allowlist` and `blocklist`."""
MAX_HASHTAGS = 50
"""Of `hashtags`."""


class Filter(NamedTuple):
    """Which types count; None: no list was given. A list of allowed types counts before one of blocked ones."""

    allowed: frozenset[bytes] | None
    blocked: frozenset[bytes] | None

    def counts(self, kind: bytes | None) -> bool:
        """Whether a message counts; an empty list of allowed types allows all."""
        if self.allowed is not None:
            return not self.allowed or kind in self.allowed
        return not self.blocked or kind not in self.blocked

    def begins(self, kind: bytes | None) -> bool:
        """Whether a message may be the root of a thread; an empty list of allowed types allows none."""
        return self.counts(kind) and self.allowed != frozenset()


class Wanted(NamedTuple):
    """Options: `most` are the messages of a thread beside its root, None for all."""

    filter: Filter
    reverse: bool
    most: int | None
    following: bool
    include_self: bool
    private: bool
    given: Mapping[str, Any]


def wanted(args: list[Any]) -> Wanted:
    """The options of a call.

    Raises: CallerError, where one makes no sense.
    """
    given = args[0] if args and args[0] is not None else {}
    if not isinstance(given, dict):
        raise CallerError("the options must be an object")
    most = given.get("threadMaxSize")
    if most is not None and not (is_number(most) and most >= 0):
        raise CallerError("threadMaxSize must be a number")
    reverse = given.get("reverse")
    return Wanted(
        filter=Filter(_types(given, "allowlist"), _types(given, "blocklist")),
        reverse=reverse is None or is_truthy(reverse),
        most=None if most is None else int(most),
        following=is_truthy(given.get("following")),
        include_self=is_truthy(given.get("includeSelf")),
        private=is_truthy(given.get("private")),
        given=given,
    )


def hashtags_of(given: Mapping[str, Any]) -> list[str]:
    """The hashtags asked for.

    Raises: CallerError, in the words of the reference.
    """
    several, one = given.get("hashtags"), given.get("hashtag")
    if isinstance(several, list):
        if not several:
            raise CallerError("opts.hashtags must have at least one")
        if not all(isinstance(tag, str) and tag for tag in several):
            got = text_of(several)
            raise CallerError(f"opts.hashtags must be an array of strings, but got: {got}")
        if len(several) > MAX_HASHTAGS:
            raise CallerError(f"opts.hashtags must be {MAX_HASHTAGS} at most")
        return several
    if isinstance(one, str) and one:
        return [one]
    raise CallerError("opts.hashtag or opts.hashtags is required")


def _types(given: Mapping[str, Any], name: str) -> frozenset[bytes] | None:
    types = given.get(name)
    if not is_truthy(types):
        return None
    if not isinstance(types, list) or len(types) > MAX_TYPES:
        raise CallerError(f"{name} must be a list of {MAX_TYPES} types at most")
    kinds = [kind_of({"type": one}) for one in types]
    return frozenset(kind for kind in kinds if kind is not None)
