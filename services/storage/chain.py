"""Whether the messages of the log prove themselves and each other: ids, signatures, and each feed without a gap.

Knows places and verdicts in the order of the log; never knows the store. Pure. Called by the adapter `checker`, which
brings them.
"""

from typing import Final, NamedTuple

from common.feed.record import Record
from common.feed.validate import Invalid, Verified

__all__ = [
    "CHAIN",
    "INDEX",
    "LOST",
    "MESSAGE",
    "MISSING",
    "Chain",
    "Gap",
    "Place",
    "Problem",
    "wrong",
]

MESSAGE: Final = "message"
"""The text is not what its id or its signature say."""
MISSING: Final = "missing"
"""There is no record, or none that can be read."""
CHAIN: Final = "chain"
"""The message does not follow the one before it in its feed, or in the log."""
INDEX: Final = "index"
"""Another family than the log says something else than the log."""
LOST: Final = "lost"
"""The content is still to come from peers, since an earlier repair."""


class Place(NamedTuple):
    """A message without its text."""

    key: bytes
    author: bytes
    sequence: int


class Gap(NamedTuple):
    """Messages of a feed that were not seen where they belong, and what the one behind them says of the last."""

    author: bytes
    first: int
    last: int
    key: bytes | None
    position: int


class Problem(NamedTuple):
    """Something that is wrong; `place` where it is known which message it is about, `position` 0 for none."""

    kind: str
    position: int
    why: str
    place: Place | None = None
    mended: bool = False


class Chain:
    """The feeds as far as they were seen."""

    def __init__(self) -> None:
        #: The newest message of each feed, and its position.
        self.heads: dict[bytes, tuple[Place, int]] = {}
        #: Where feeds went on behind messages that were not seen.
        self.gaps: list[Gap] = []
        self._received = 0.0

    def take(self, position: int, record: Record, verdict: Verified | None) -> str | None:
        """The next record, whose header is believed; no verdict for one without its text. Says what is wrong."""
        late, self._received = record.received <= self._received, record.received
        place = Place(record.key, record.author, record.sequence)
        before = self.heads.get(place.author)
        sequence, key = (before[0].sequence, before[0].key) if before else (0, None)
        if place.sequence <= sequence:
            return f"sequence {place.sequence} comes after {sequence}"
        self.heads[place.author] = (place, position)
        if place.sequence > sequence + 1:
            named = verdict.previous if verdict else None
            self.gaps.append(Gap(place.author, sequence + 1, place.sequence - 1, named, position))
        elif verdict is not None and verdict.previous != key:
            return "it names another message before it"
        return "it was received before the one before it" if late else None


def wrong(record: Record, verdict: Verified | Invalid) -> str | None:
    """Why a text is not the message that its record says."""
    if isinstance(verdict, Invalid):
        return verdict.reason
    if verdict.key != record.key:
        return "its text has another id"
    if (verdict.author_raw, verdict.sequence) != (record.author, record.sequence):
        return "its text is of another author or sequence"
    return None
