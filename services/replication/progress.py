"""How far replication is: what peers say they have more of, and who of them does not get on, and why.

Knows sessions as the EBT machine has them; must never know streams. Called by the adapter that looks from time to
time, and by who tells of it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from common.gossip import Session
from common.refs import FeedId

STALLED_MS: Final = 10_000
"""A peer that owes and says nothing new for so long stalls: others were asked twice meanwhile."""


@dataclass(slots=True)
class Traffic:
    """What went over one session so far; or over all of them, each of which tells its `whole`."""

    messages_in: int = 0
    bytes_in: int = 0
    messages_out: int = 0
    bytes_out: int = 0
    whole: "Traffic | None" = None

    def came(self, messages: int = 0, size: int = 0) -> None:
        """Counts messages and bytes of the peer."""
        self.messages_in += messages
        self.bytes_in += size
        if self.whole is not None:
            self.whole.came(messages, size)

    def went(self, messages: int = 0, size: int = 0) -> None:
        """Counts messages and bytes for the peer."""
        self.messages_out += messages
        self.bytes_out += size
        if self.whole is not None:
            self.whole.went(messages, size)

    def told(self) -> dict[str, int]:
        """The counts, for health."""
        return {
            "messagesIn": self.messages_in,
            "bytesIn": self.bytes_in,
            "messagesOut": self.messages_out,
            "bytesOut": self.bytes_out,
        }

    @property
    def total(self) -> int:
        """Bytes in both directions."""
        return self.bytes_in + self.bytes_out


class Lead(NamedTuple):
    """Of how many feeds a peer says it has more than is here, and how many messages in all."""

    feeds: int = 0
    messages: int = 0


def lead(session: Session, missing: Iterable[FeedId], clock: Mapping[FeedId, int]) -> Lead:
    """How far a peer is ahead in the feeds that are missing here."""
    feeds = messages = 0
    for feed in missing:
        more = session.claim(feed) - clock.get(feed, 0)
        if more > 0:
            feeds += 1
            messages += more
    return Lead(feeds, messages)


def status_of(
    peer: FeedId, protocol: str, ahead: Lead, traffic: Traffic, stalled: str | None
) -> dict[str, Any]:
    """A peer in `replicate.peers`."""
    return {
        "id": peer,
        "protocol": protocol,
        "feedsWaiting": ahead.feeds,
        "messagesBehind": ahead.messages,
        "asked": 0,
        "sending": 0,
        **traffic.told(),
        "stalled": stalled,
    }


def joined(own: dict[str, Any], others: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """An item of `replicate.changes` for all workers: each has its own peers, all have the same log.

    What is missing is at least what the worker misses that knows of most: the same feeds may be missing in several.
    """
    all_told = [own, *others]
    missing = max(told["total"] - told["progress"] for told in all_told)
    return own | {
        "pendingPeers": {k: v for told in all_told for k, v in told["pendingPeers"].items()},
        "incompleteFeeds": max(told["incompleteFeeds"] for told in all_told),
        "total": own["progress"] + missing,
    }


def why_stalled(session: Session, ahead: Lead, trouble: str | None, now: float) -> str | None:
    """Why no data comes from a peer, or goes to it; None where all is well."""
    if session.is_silent and now - session.connected_at >= STALLED_MS:
        return "it accepted ebt.replicate and said nothing"
    if session.resting:
        return "it used up its bytes for now"
    if session.congested:
        return "it does not read what is sent"
    if not ahead.feeds:
        return None
    if trouble:
        return trouble
    if now - session.heard_at < STALLED_MS:
        return None
    if not session.receiving:
        return "others are asked for what it has more of"
    return "it says it has more and does not send it"
