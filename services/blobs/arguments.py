"""What clients and peers may pass to the methods of ssb-blobs, and its words for what is wrong.

Pure: takes arguments, gives values or raises `CallerError`. The texts are those of ssb-blobs 1.2 and multiblob.
"""

from math import isfinite
from typing import Any, NamedTuple

from common.bus import CallerError
from common.feed.javascript import is_truthy
from common.refs import BlobId, is_blob

__all__ = ["Listing", "Slice", "blob_of", "blobs_of", "expected_of", "listing_of", "slice_of"]

NO_STAT = "stat failed"
MAX_IDS = 10_000
"""Ids of one `has` or `size`: each is a look at the disk."""


class Slice(NamedTuple):
    """Which bytes of a blob: from `start` to before `end`; and how large the blob must, or may be."""

    blob: BlobId
    start: int
    end: int | None
    size: float | None
    limit: float | None
    absent: str = "could not get blob"
    """What to say when it is not here."""


class Listing(NamedTuple):
    """What `blobs.ls` is to give."""

    whole: bool
    old: bool
    live: bool
    sync: bool


def blob_of(args: list[Any], words: str = "invalid id:") -> BlobId:
    """The one blob that is meant, as an id or `{id}`; `words` begin the error, which names nothing."""
    given = args[0] if args else None
    blob = given.get("id") if isinstance(given, dict) else given
    if not is_blob(blob):
        raise CallerError(f"{words}null")
    return blob


def blobs_of(args: list[Any], words: str = "invalid id:") -> tuple[list[BlobId], bool]:
    """The blobs that are meant, and whether they came as a list."""
    given = args[0] if args else None
    if not isinstance(given, list):
        return [blob_of(args, words)], False
    if len(given) > MAX_IDS:
        raise CallerError(f"more than {MAX_IDS} ids at once")
    wrong = next((each for each in given if not is_blob(each)), None)
    if wrong is not None:
        raise CallerError(f"{words}{wrong}")
    return list(given), True


def expected_of(args: list[Any]) -> BlobId | None:
    """The blob that is to be added, where the caller says which."""
    given = args[0] if args else None
    if not is_truthy(given):
        return None
    if not is_blob(given):
        raise CallerError(f"not a valid hash: {given}")
    return given


def slice_of(args: list[Any], *, part: bool) -> Slice:
    """What `blobs.get` is asked for, or, when only a part is wanted, `blobs.getSlice`."""
    given = args[0] if args else None
    options = given if isinstance(given, dict) else {}
    blob = next((v for k in ("id", "key", "hash") if is_truthy(v := options.get(k))), given)
    method = "getSlice" if part else "get"
    if not is_blob(blob):
        raise CallerError(f"multiblob.{method}: {{id}} is mandatory")
    size, limit = (_number(options.get(name)) for name in ("size", "max"))
    if not part:
        told = Slice(blob, 0, None, size, limit)
        return told if isinstance(given, str) else told._replace(absent=NO_STAT)
    bounds = []
    for name in ("start", "end"):
        bound = _number(options.get(name))
        if bound is None:
            raise CallerError(f"multiblob.getSlice: {{{name}}} must be a number")
        bounds.append(max(0, int(bound)))
    return Slice(blob, bounds[0], bounds[1], size, limit, NO_STAT)


def listing_of(args: list[Any]) -> Listing:
    """The options of `blobs.ls`."""
    given = args[0] if args else None
    options = given if isinstance(given, dict) else {}
    whole = any(is_truthy(options.get(name)) for name in ("size", "long", "meta"))
    live = is_truthy(options.get("live"))
    return Listing(whole, options.get("old") is not False, live, options.get("sync") is not False)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        return None
    return value
