"""The events that go into the EBT machine and the commands that come out.

Knows only shapes. Events are past tense, commands imperative. A peer is named by its feed id: one session each,
as in the reference. Times are milliseconds of any steady clock.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from common.refs import FeedId


class Message(NamedTuple):
    """One message as it travels: who, which, and its compact JSON."""

    author: FeedId
    sequence: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Connected:
    """A stream to the peer stands; `client` when we called. Takes the place of one that stood before.

    `memory` is what the peer's last `Remember` held, as far as it is still there.
    """

    peer: FeedId
    client: bool
    now: float
    memory: Mapping[FeedId, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The stream to the peer is over, whoever ended it."""

    peer: FeedId
    now: float


@dataclass(frozen=True, slots=True)
class NotesReceived:
    """The peer told notes: feed -> (sequence, receive), sequence -1 where it refuses the feed."""

    peer: FeedId
    notes: Mapping[Any, tuple[int, bool]]
    """Keyed by what the peer wrote; a key that is no feed id is passed over."""
    now: float


@dataclass(frozen=True, slots=True)
class MessagesReceived:
    """The peer sent messages, in this order; nothing of them is verified."""

    peer: FeedId
    messages: Sequence[Message]
    now: float


@dataclass(frozen=True, slots=True)
class MessagesLost:
    """Messages of a feed that were to be verified were not stored, by no fault of the peer."""

    peer: FeedId
    feed: FeedId
    now: float


@dataclass(frozen=True, slots=True)
class FeedForked:
    """The peer has another branch of this feed: it is not exchanged with it any more."""

    peer: FeedId
    feed: FeedId
    now: float


@dataclass(frozen=True, slots=True)
class MessageForged:
    """The peer sent what nobody signed or nobody may: the session ends, the feed is not asked for again."""

    peer: FeedId
    feed: FeedId
    reason: str
    now: float


@dataclass(frozen=True, slots=True)
class Appended:
    """The log grew by these messages."""

    messages: Sequence[Message]


@dataclass(frozen=True, slots=True)
class WantedChanged:
    """Feeds that are replicated from now on, and feeds that are no longer."""

    added: Sequence[FeedId]
    removed: Sequence[FeedId]
    now: float


@dataclass(frozen=True, slots=True)
class BlockChanged:
    """The author blocks the target, or no longer."""

    author: FeedId
    target: FeedId
    blocked: bool
    now: float


@dataclass(frozen=True, slots=True)
class FeedRead:
    """The answer to ReadFeed: messages after `after`, up to `last`; `last == after` when there were none."""

    peer: FeedId
    feed: FeedId
    after: int
    last: int
    bodies: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Congested:
    """More waits to be sent to the peer than should, or no longer."""

    peer: FeedId
    congested: bool


@dataclass(frozen=True, slots=True)
class Rested:
    """No messages are to be exchanged with the peer for now, or they are again."""

    peer: FeedId
    resting: bool
    now: float


@dataclass(frozen=True, slots=True)
class Ticked:
    """Time passed; about once a second."""

    now: float


Event: TypeAlias = (
    Connected
    | Disconnected
    | NotesReceived
    | MessagesReceived
    | MessagesLost
    | FeedForked
    | MessageForged
    | Appended
    | WantedChanged
    | BlockChanged
    | FeedRead
    | Congested
    | Rested
    | Ticked
)


@dataclass(frozen=True, slots=True)
class SendNotes:
    """Tell the peer: feed -> (sequence, receive), sequence -1 to refuse a feed."""

    peer: FeedId
    notes: Mapping[FeedId, tuple[int, bool]]


@dataclass(frozen=True, slots=True)
class SendMessages:
    """Send these compact messages to the peer, in this order."""

    peer: FeedId
    bodies: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class ReadFeed:
    """Read at most `limit` messages of a feed after a sequence, then say FeedRead."""

    peer: FeedId
    feed: FeedId
    after: int
    limit: int


@dataclass(frozen=True, slots=True)
class Verify:
    """Verify and append these messages of the peer, in this order."""

    peer: FeedId
    messages: Sequence[Message]


@dataclass(frozen=True, slots=True)
class Remember:
    """Keep what the peer had of each feed when its session ended, for its next `Connected`."""

    peer: FeedId
    clock: Mapping[FeedId, int]


@dataclass(frozen=True, slots=True)
class EndSession:
    """End the stream to the peer; an empty reason ends it without an error."""

    peer: FeedId
    reason: str


@dataclass(frozen=True, slots=True)
class FallBack:
    """End the stream to the peer, who took it and said nothing, and ask it for histories instead."""

    peer: FeedId


Command: TypeAlias = SendNotes | SendMessages | ReadFeed | Verify | Remember | EndSession | FallBack
