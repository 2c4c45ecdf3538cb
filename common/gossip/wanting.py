"""The events that go into the want machine of blobs, the commands that come out, and what it is told to allow.

Knows only shapes. Events are past tense, commands imperative. A peer is named by its feed id. Times are
milliseconds of any steady clock, sizes bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from common.refs import BlobId, FeedId

OWN: Final = -1
"""The distance of what we want ourselves; -2 is for a peer, -3 for a peer of a peer (ssb-blobs)."""

Reason: TypeAlias = Literal["lost", "stalled", "refused", "lied"]
"""How a fetch ended: the connection did; nothing came; the peer said no; what came was not the blob."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What the settings of `blobs` say, in ssb-blobs' words, and how much is done at a time."""

    max: int
    sympathy: int
    pushy: int
    stingy: bool
    fetches: int = 32
    fetches_per_peer: int = 8
    wants: int = 50_000
    """Blobs wanted at a time, some 500 bytes each: more are not asked for until there is room."""
    wants_per_peer: int = 5_000
    """Of those, the ones that are wanted for one peer alone."""


@dataclass(frozen=True, slots=True)
class Met:
    """A peer can be asked for blobs."""

    peer: FeedId


@dataclass(frozen=True, slots=True)
class Gone:
    """The connection with a peer is over, and every fetch from it."""

    peer: FeedId
    now: float


@dataclass(frozen=True, slots=True)
class Listening:
    """A peer called `blobs.createWants`: it is told everything now, and what is new from now on."""

    peer: FeedId


@dataclass(frozen=True, slots=True)
class Deaf:
    """That call of the peer ended."""

    peer: FeedId


@dataclass(frozen=True, slots=True)
class Said:
    """A peer told wants (below 0) and sizes of what it has (above 0); `here` are the sizes of those we have."""

    peer: FeedId
    notes: Mapping[Any, Any]
    here: Mapping[BlobId, int]
    now: float


@dataclass(frozen=True, slots=True)
class Wanted:
    """We want a blob ourselves."""

    blob: BlobId
    now: float


@dataclass(frozen=True, slots=True)
class Dropped:
    """A blob is not wanted and not pushed any more, by us or for anybody."""

    blob: BlobId


@dataclass(frozen=True, slots=True)
class Pushed:
    """A blob that is here is to be offered until enough peers have it."""

    blob: BlobId


@dataclass(frozen=True, slots=True)
class Stored:
    """A blob is here now, wherever it came from."""

    blob: BlobId
    size: int
    now: float


@dataclass(frozen=True, slots=True)
class FetchFailed:
    """A fetch ended without the blob."""

    peer: FeedId
    blob: BlobId
    reason: Reason
    now: float


@dataclass(frozen=True, slots=True)
class Filled:
    """Nothing can be taken in: no fetch begins until there is room again."""


@dataclass(frozen=True, slots=True)
class Freed:
    """There is room again."""


@dataclass(frozen=True, slots=True)
class Ticked:
    """Time passed; about once a second."""

    now: float


Event: TypeAlias = (
    Met
    | Gone
    | Listening
    | Deaf
    | Said
    | Wanted
    | Dropped
    | Pushed
    | Stored
    | FetchFailed
    | Filled
    | Freed
    | Ticked
)


@dataclass(frozen=True, slots=True)
class Tell:
    """Tell a peer that listens: blob -> distance (below 0) or size (above 0)."""

    peer: FeedId
    notes: Mapping[BlobId, int]


@dataclass(frozen=True, slots=True)
class Fetch:
    """Ask a peer for a blob of which it said this size."""

    peer: FeedId
    blob: BlobId
    size: int


@dataclass(frozen=True, slots=True)
class Abandon:
    """End a fetch: the blob is not needed any more."""

    peer: FeedId
    blob: BlobId


@dataclass(frozen=True, slots=True)
class Spread:
    """A pushed blob is with enough peers: peer -> size it said."""

    blob: BlobId
    peers: Mapping[FeedId, int]


@dataclass(frozen=True, slots=True)
class Shun:
    """A peer gave out wrong bytes again and again: it is not worth a connection for a while."""

    peer: FeedId


Command: TypeAlias = Tell | Fetch | Abandon | Spread | Shun
