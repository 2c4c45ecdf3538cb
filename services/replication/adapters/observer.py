"""Looks at the sessions from time to time, for `replicate.changes`, `replicate.peers` and health.

Knows the hub; changes nothing. It looks once a second, and less often where that takes long.
"""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Final

from common.refs import FeedId
from services.replication.adapters.appender import Appender
from services.replication.adapters.hub import Hub
from services.replication.adapters.peers import Peers
from services.replication.adapters.talk import Talk
from services.replication.progress import Lead, Traffic, joined, lead, status_of, why_stalled

LOOK_SECONDS: Final = 1.0
PART: Final = 50
"""It takes one part in so many of a processor at most, however many sessions and feeds there are."""


def _of_talk(talk: Talk) -> dict[str, Any]:
    """A peer without a session."""
    fetcher = talk.fetcher if talk.fetches else None
    if fetcher is None:
        return status_of(talk.feed, "none", Lead(), Traffic(), talk.state)
    stalled = None if fetcher.heard else "it gave nothing of any history yet"
    status = status_of(talk.feed, "histories", Lead(), fetcher.traffic, stalled)
    return status | {"asked": fetcher.n_open}


class Observer:
    """What was seen last; `others` is what other workers told last, for one that tells of all."""

    def __init__(
        self,
        hub: Hub,
        appender: Appender,
        peers: Peers,
        others: Mapping[str, Mapping[str, Any]],
    ) -> None:
        self._hub = hub
        self._peers = peers
        self._others = others
        self._appender = appender
        self._appended = 0
        self._looked_at = hub.now()
        self._moved = asyncio.Event()
        self.leads: dict[FeedId, Lead] = {}
        #: The item of `replicate.changes`.
        self.told: dict[str, Any] = {}

    async def run(self) -> None:
        """Looks, for ever."""
        while True:
            began = time.process_time()
            await self._look()
            took = time.process_time() - began
            await asyncio.sleep(max(LOOK_SECONDS, took * PART))

    async def next(self, last: dict[str, Any]) -> dict[str, Any]:
        """What is to be told after `last`, as soon as it is another."""
        while self.told == last:
            await self._moved.wait()
        return self.told

    def peers(self) -> list[dict[str, Any]]:
        """What is known of every peer: whether it gets on, and if not, why."""
        sessions, links, now = self._hub.sessions, self._hub.links, self._hub.now()
        found = []
        for peer, link in links.items():
            session, ahead = sessions.get(peer), self.leads.get(peer, Lead())
            if session is not None:
                stalled = why_stalled(session, ahead, self._appender.trouble, now)
                status = status_of(peer, f"ebt {link.version}", ahead, link.traffic, stalled)
                found.append(
                    status | {"asked": len(session.receiving), "sending": len(session.sending)}
                )
        return found + [_of_talk(talk) for talk in self._peers.talks if talk.feed not in links]

    def stalled(self) -> dict[str, int]:
        """How many peers stall, by reason."""
        counts: dict[str, int] = {}
        for peer in self.peers():
            if peer["stalled"] is not None:
                counts[peer["stalled"]] = counts.get(peer["stalled"], 0) + 1
        return counts

    async def _look(self) -> None:
        hub = self._hub
        missing, leads = list(hub.missing), {}
        most = dict.fromkeys(missing, 0)
        for peer, session in list(hub.sessions.items()):
            leads[peer] = lead(session, missing, hub.clock)
            for feed in missing:
                most[feed] = max(most[feed], session.claim(feed))
            await asyncio.sleep(0)
        self.leads = leads
        clock = hub.clock
        more = {feed: n - clock.get(feed, 0) for feed, n in most.items() if n > clock.get(feed, 0)}
        seconds = max((hub.now() - self._looked_at) / 1000, LOOK_SECONDS)
        rate = (hub.appended - self._appended) / seconds
        self._appended, self._looked_at = hub.appended, hub.now()
        have = sum(clock.values())
        self._tell(
            {
                "id": hub.own,
                "rate": round(rate, 3),
                "feeds": len(clock),
                "pendingPeers": {peer: one.feeds for peer, one in leads.items() if one.feeds},
                "incompleteFeeds": len(more),
                "progress": have,
                "total": have + sum(more.values()),
            }
        )

    def _tell(self, progress: dict[str, Any]) -> None:
        progress = joined(progress, self._others.values())
        if progress != self.told:
            self.told = progress
            moved, self._moved = self._moved, asyncio.Event()
            moved.set()
