"""`invite.*`: made, used, accepted, listed, labelled and taken back.

Knows whom to ask: `network` for addresses and for asking a pub, `indexing` who is followed, `storage` to publish, `peers` to
remember a pub. The rules are in `services/api/invites.py`. Called by the bus through `actor`.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
import orjson

from common.bus import BusError, Call, CallerError, Node, PeerError
from common.refs import FeedId
from services.api import invites
from services.api.adapters.book import Book
from services.api.invites import SEED_BYTES

__all__ = ["SEED_BYTES", "InviteHandlers"]

TRIES = 3
PAUSE_SECONDS = 0.5
"""Before the second try, twice as much before the third (ssb-invite)."""

HELP = {
    "description": "let somebody in whom this server does not know yet, or be let in",
    "commands": {
        "create": {
            "type": "async",
            "description": "make a code; whoever uses it is followed",
            "args": {
                "uses": {"type": "number", "description": "how often; once by default"},
                "modern": {"type": "boolean", "description": "a code for WebSockets, used once"},
                "external": {"type": "string", "description": "the host that others reach"},
                "note": {"type": "string", "description": "published with each use"},
                "label": {"type": "string", "description": "for your own list"},
                "expires": {"type": "string", "description": "how long it is good: 12h, 7d, 2w"},
            },
        },
        "accept": {
            "type": "async",
            "description": "use a code at the server that made it, and follow that server",
            "args": {"invite": {"type": "string", "description": "the code", "optional": False}},
        },
        "use": {"type": "async", "description": "for guests: be followed", "args": {}},
        "list": {"type": "source", "description": "all codes and what became of them", "args": {}},
        "label": {"type": "async", "description": "name a code: its id, a text", "args": {}},
        "revoke": {
            "type": "async",
            "description": "take a code back: its id, or itself",
            "args": {},
        },
    },
}


class InviteHandlers:
    """The methods. `now` is in milliseconds since 1970, `seed` makes 32 random bytes."""

    def __init__(
        self,
        node: Node,
        book: Book,
        own: FeedId,
        *,
        private: bool,
        now: Callable[[], float],
        seed: Callable[[], bytes],
    ) -> None:
        self._node = node
        self._book = book
        self._own = own
        self._private = private
        self._now = now
        self._seed = seed
        self._turn = asyncio.Lock()
        self._changed = asyncio.Event()

    async def create(self, call: Call) -> str:
        """`invite.create(uses | {uses, modern, external, note, label, expires})`: a code."""
        wanted = invites.wish(call.args, self._now())
        address = await self._address("public")
        if self._private:
            address = address or await self._address("local") or await self._address("private")
        seed = self._seed()
        code = invites.written(wanted, address, seed, private=self._private)
        self._put(invites.fresh(wanted, seed, self._now()))
        return code

    async def use(self, call: Call) -> bytes:
        """`invite.use({feed})` by a guest: the feed is followed, once for each use; gives what was published."""
        given = call.args[0] if call.args else None
        feed = given.get("feed") if isinstance(given, dict) else None
        async with self._turn:
            code = self._book.codes.get(call.caller.feed)
            why = invites.refusal(code, feed, self._now(), follows=await self._follows(feed))
            if why is not None or code is None:
                raise CallerError(why or "", "refused")
            guests = (*code.guests, str(feed))[-invites.MAX_GUESTS :]
            self._put(msgspec.structs.replace(code, used=code.used + 1, guests=guests))
            try:
                return await self._publish(invites.follow_of(code, FeedId(str(feed))))
            except BusError:
                self._put(code)
                raise

    async def accept(self, call: Call) -> bytes:
        """`invite.accept(code)`: be let in, then follow the pub and say where it is; gives what was published."""
        code = invites.accepted(call.args)
        await self._redeem(code)
        published = [await self._publish(said) for said in invites.announcement(code)]
        await self._node.call("peers", "gossip.add", code.remote, "seed")
        return b"[" + b",".join(published) + b"]"

    async def listing(self, call: Call) -> None:
        """`invite.list()`: every code that is known, the newest last."""
        codes = sorted(self._book.codes.values(), key=lambda code: code.created)
        items = [orjson.dumps(invites.shown(code, self._now())) for code in codes]
        for start in range(0, len(items), 100):
            await call.send(items[start : start + 100])

    async def label(self, call: Call) -> dict[str, Any]:
        """`invite.label(id, text)`: name a code in the list."""
        code, text = self._named(call.args), call.args[1] if len(call.args) > 1 else None
        if not isinstance(text, str) or len(text) > invites.MAX_NOTE:
            raise CallerError(f"a label is a text of {invites.MAX_NOTE} at most")
        return self._changed_to(msgspec.structs.replace(code, label=text))

    async def revoke(self, call: Call) -> dict[str, Any]:
        """`invite.revoke(id | code)`: nobody can use it any more; who came with it stays followed."""
        code = self._named(call.args)
        if code.revoked is None:
            code = msgspec.structs.replace(code, revoked=self._now())
        return self._changed_to(code)

    async def help(self, _: Call) -> dict[str, Any]:
        """`invite.help()`."""
        return HELP

    async def guests(self, call: Call) -> None:
        """`invite.guests`: the keys of all codes, and again whenever there are others.

        Those of codes that cannot be used any more too: a guest is told so, and not that he may not call.
        """
        while True:
            changed = self._changed
            await call.send([orjson.dumps(list(self._book.codes))])
            await changed.wait()

    def _put(self, code: invites.Code) -> None:
        is_new = code.id not in self._book.codes
        self._book.put(code)
        if is_new:
            changed, self._changed = self._changed, asyncio.Event()
            changed.set()

    def _named(self, args: list[Any]) -> invites.Code:
        name = invites.code_of(args[0]) if args and isinstance(args[0], str) else None
        code = self._book.codes.get(name or "")
        if code is None:
            raise CallerError("no such invite: its id or the code itself is wanted", "not_found")
        return code

    def _changed_to(self, code: invites.Code) -> dict[str, Any]:
        self._put(code)
        return invites.shown(code, self._now())

    async def _address(self, scope: str) -> str | None:
        address = (await self._node.call("network", "address", scope)).json()
        return address if isinstance(address, str) else None

    async def _follows(self, feed: object) -> bool:
        if not isinstance(feed, str):
            return False
        pair = {"source": self._own, "dest": feed}
        return (await self._node.call("indexing", "friends.isFollowing", pair)).json() is True

    async def _publish(self, content: dict[str, Any]) -> bytes:
        return (await self._node.call("storage", "publish", content)).bodies[0]

    async def _redeem(self, code: invites.Accepted) -> None:
        """Ask the pub to follow us; only who cannot be reached is tried again.

        Raises:
            PeerError: it cannot be reached, or does not take the code.
        """
        wish = {
            "address": code.remote,
            "seed": code.seed,
            "name": ["invite", "use"],
            "args": [{"feed": self._own}],
        }
        for again in range(1, TRIES + 1):
            try:
                await self._node.call("network", "connections.ask", wish)
            except PeerError as error:
                if error.code == "refused":
                    raise PeerError(f"invite not accepted: {error.message}", "refused") from error
                if again == TRIES:
                    raise PeerError(
                        f"could not connect to server: {error.message}", error.code
                    ) from error
                await asyncio.sleep(PAUSE_SECONDS * again)
            else:
                return
