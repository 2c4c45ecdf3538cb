"""Feeds to mention while somebody writes: `suggest.profile`.

Knows the method as ssb-suggest 1.3 has it; but all feeds with a name are looked at, not those alone that were seen since the
start, and those we follow and those who wrote lately first. Finds names in the view of abouts.
"""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from common.bus import Call, CallerError, Method
from common.feed.javascript import is_number
from common.feed.json import Json, compact_utf8
from common.refs import FeedId, feed_id
from common.store import next_prefix
from services.indexing.adapters.reader import BOTH, Reader
from services.indexing.claims import settled, social
from services.indexing.model.view import View
from services.indexing.suggesting import Profile, folded, suggested
from services.indexing.views.abouts import Abouts, claims_about

__all__ = ["VIEWS", "methods"]

MAX_LOOKED_AT = 500
"""Feeds whose names are worked out for one text."""
MAX_NAMES = 20_000
"""Names that begin alike, of which those are chosen."""
MAX_IDS = 1_000
"""Of `defaultIds`."""
BACK = 300
"""Messages of the log whose authors wrote lately."""
RECENT = 20
"""Of them, where no text is given and no limit."""

VIEWS: tuple[View, ...] = ()


def methods(reader: Reader) -> Mapping[str, Method]:
    """The table."""
    return {"suggest.profile": Method("async", _Query(reader).profile)}


class _Query:
    """The method, over abouts, the follow graph and the end of the log."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def profile(self, call: Call) -> bytes:
        """`suggest.profile({text, limit, defaultIds})`: feeds by the beginning of a name; without a text others that may fit."""
        given = call.args[0] if call.args else None
        if given is None:
            raise CallerError("suggest.profile wants an object")
        given = given if isinstance(given, dict) else {}
        text, limit, ids = given.get("text"), given.get("limit"), given.get("defaultIds")
        most = int(limit) if is_number(limit) and limit >= 1 else None
        default = _ids(ids, self._reader.own)
        seen = await self._reader.caught_up()
        if isinstance(text, str) and text.strip():
            profiles = await self._profiles(await self._fitting(text, default, seen), seen)
            found = suggested(text, profiles)[:most]
            return compact_utf8([self._told(one.profile, name=one.name) for one in found])
        if not default:
            default = (await self._recent(seen))[: most or RECENT]
        return compact_utf8([self._told(one) for one in await self._profiles(default, seen)])

    async def _fitting(self, text: str, default: list[str], seen: int) -> list[str]:
        """The feeds that have a name which begins so, or had: those we follow first, then those who wrote lately."""
        start = Abouts.named(folded(text))
        found: dict[str, None] = {}
        async for rows in self._reader.walk(Abouts.name, start, next_prefix(start), spaces=BOTH):
            found.update((Abouts.named_feed(row), None) for row in rows)
            if len(found) > MAX_NAMES:
                break
        first = [*self._following(), *await self._recent(seen), *default]
        ordered = dict.fromkeys([one for one in first if one in found] + sorted(found))
        return list(ordered)[:MAX_LOOKED_AT]

    async def _recent(self, seen: int) -> list[str]:
        """Who wrote lately, the last one first."""
        back = range(max(1, seen - BACK + 1), seen + 1)
        messages = await self._reader.messages(back)
        return list(dict.fromkeys(feed_id(one.record.author) for one in reversed(messages)))

    async def _profiles(self, ids: Iterable[str], seen: int) -> list[Profile]:
        found = []
        for one in ids:
            found.append(await self._profile(one, seen))
            await asyncio.sleep(0)
        return found

    async def _profile(self, dest: str, seen: int) -> Profile:
        names, images = dict[str, Any](), dict[str, Any]()
        async for claim in claims_about(self._reader, dest, seen):
            settled(names, claim, "name")
            settled(images, claim, "image")
        own, following = self._reader.own, self._following()
        image = social(images, own, dest)
        link = image.get("link") if isinstance(image, dict) else None
        known: list[Any] = []
        for author, name in names.items():
            if author in following and name not in known:
                known.append(name)
        return Profile(dest, social(names, own, dest), known, link or image)

    def _following(self) -> dict[FeedId, int]:
        """We and those we follow."""
        hops = self._reader.social.reach.hops()
        return {feed: distance for feed, distance in hops.items() if 0 <= distance <= 1}

    def _told(self, profile: Profile, name: str | None = None) -> Json:
        told: dict[str, Json] = {**profile._asdict()}
        if name is not None:
            told["aliases"] = [one for one in profile.names if one != name]
            told["matchedName"] = name
        return {**told, "following": profile.id in self._following()}


def _ids(given: Any, own: str) -> list[str]:
    ids = given if isinstance(given, list) else []
    return list(dict.fromkeys(one for one in ids if isinstance(one, str) and one != own))[:MAX_IDS]
