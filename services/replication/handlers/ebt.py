"""The methods of ssb-ebt: sessions of peers, and what clients ask of them.

Knows arguments and answers; decides nothing of replication itself. The table in `actor` names them.
"""

from collections.abc import Mapping
from typing import Any, Final

import orjson

from common.bus import BusError, Call, CallerError, Raw
from common.bus.values import JSON
from common.feed.javascript import is_truthy
from common.gossip import REFUSED, Session
from common.refs import FeedId, is_feed
from services.replication import arguments
from services.replication.adapters.link import Link
from services.replication.handlers.beginning import Beginning
from services.replication.model import Wishes
from services.replication.requests import FeedAsked

CLOCK_MS: Final = 1_000
"""How old a told clock may be: strangers may ask for it, and one of 100,000 feeds takes 20 ms to write."""


class EbtHandlers:
    """The methods `ebt.*`."""

    def __init__(self, beginning: Beginning, wishes: Wishes) -> None:
        self._beginning = beginning
        self._wishes = wishes
        self._clock = b""
        self._told_at = 0.0

    async def replicate(self, call: Call) -> None:
        """`ebt.replicate`: an EBT session with the caller.

        Raises:
            CallerError: the version is none that is spoken here (ssb-ebt 5.6.7's text).
            PeerError: the peer broke the protocol.
        """
        await self._replicate(call, arguments.version_of(call.args))

    async def replicate_format(self, call: Call) -> None:
        """`ebt.replicateFormat`: the same, as ssb-ebt 9 has it; classic feeds are all there are here.

        Raises:
            CallerError: the version or the format is none that is spoken here.
            PeerError: the peer broke the protocol.
        """
        await self._replicate(call, arguments.format_version_of(call.args))

    async def _replicate(self, call: Call, version: int) -> None:
        peer = call.caller.feed
        if not is_feed(peer):
            raise CallerError("ebt.replicate is for peers")
        parts = await self._beginning.ready()
        ended, connection = "", call.caller.connection
        parts.peers.called_ebt(connection)
        try:
            await Link(parts.hub, parts.appender, call, peer, version).run(client=False)
        except BusError as error:
            ended = error.message
            raise
        finally:
            parts.peers.session_ended(connection, ended)

    async def request(self, call: Call) -> None:
        """`ebt.request`: replicate a feed from now on, or no longer."""
        asked = arguments.ebt_request(call.args)
        if asked is not None:
            self._wishes.ask(asked)

    async def block(self, call: Call) -> None:
        """`ebt.block`, `replicate.block`: do not give a feed to a peer, or give it again."""
        asked = arguments.block(call.args)
        if asked is not None:
            self._wishes.ask(asked)

    async def forget(self, call: Call) -> None:
        """`ebt.forget`: replicate a feed no longer, and remember nothing of what its owner has."""
        feed = call.args[0] if call.args else None
        if is_feed(feed):
            self._wishes.ask(FeedAsked(feed, replicate=False))
            parts = await self._beginning.begun()
            parts.hub.forget(feed)
            await parts.colleagues.gather("ebt.forget", feed)

    async def clock(self, call: Call) -> Raw:
        """`ebt.clock`: how far each feed is here.

        Raises:
            CallerError: the format is none that is known here.
        """
        arguments.check_clock(call.args)
        hub = (await self._beginning.begun()).hub
        now = hub.now()
        if not self._clock or now - self._told_at > CLOCK_MS:
            self._clock, self._told_at = orjson.dumps(dict(hub.clock)), now
        return Raw(JSON, self._clock)

    async def peer_status(self, call: Call) -> dict[str, Any]:
        """`ebt.peerStatus`: how far each peer has one feed, ours where none is named."""
        first = call.args[0] if call.args else None
        asked = first if is_truthy(first) else self._wishes.own
        parts = await self._beginning.begun()
        status = peer_status(asked, parts.hub.clock, parts.hub.sessions)
        for other in await parts.colleagues.gather("ebt.peerStatus", asked):
            status["peers"] |= other["peers"]
        return status


def peer_status(
    feed: Any, clock: Mapping[FeedId, int], sessions: Mapping[FeedId, Session]
) -> dict[str, Any]:
    """What ssb-ebt 5.6.7 prints (`peerStatus` of its index.js)."""
    status: dict[str, Any] = {"id": feed}
    if not is_feed(feed):
        return status | {"peers": {}}
    if feed in clock:
        status["seq"] = clock[feed]
    seen = {peer: _seen(session, feed) for peer, session in sessions.items()}
    return status | {"peers": {peer: one for peer, one in seen.items() if one}}


def _seen(session: Session, feed: FeedId) -> dict[str, Any]:
    heard, told = session.heard.get(feed), session.told.get(feed)
    if heard is None and told is None:
        return {}
    seen: dict[str, Any] = {} if heard is None else {"seq": heard.sequence}
    refused = told is None or told.sequence == REFUSED
    seen["replicating"] = {
        "tx": feed in session.sending,
        "rx": feed in session.receiving,
        "sent": session.sending.get(feed, REFUSED if refused or heard is None else heard.sequence),
        "requested": REFUSED if told is None else told.sequence,
    }
    return seen
