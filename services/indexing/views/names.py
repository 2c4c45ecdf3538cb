"""What feeds call each other, in about messages and in mentions, and which image they give: `names.*`.

Knows the methods as ssb-names 3.1 has them, names in boxes for us included, and how its keys sort. Which name counts stands
in `services/indexing/naming.py`.
"""

import asyncio
from collections.abc import Collection, Iterator, Mapping
from typing import Any, TypeGuard

from common.bus import Call, CallerError, Method
from common.feed.javascript import is_truthy
from common.feed.json import Json, compact_utf8, parse
from common.refs import FeedId, feed_id, is_blob, is_feed, raw
from common.store import next_prefix
from services.indexing.adapters.reader import BOTH, Reader
from services.indexing.friends import MAX_ANSWER_BYTES
from services.indexing.model.contacts import Contacts
from services.indexing.model.message import Message
from services.indexing.model.view import Row, View, text_key
from services.indexing.naming import Circle, Given

__all__ = ["VIEWS", "Names", "methods"]

MAX_BEGINNING = 64
"""Letters of a name by which it is found."""
MAX_FOUND = 10_000
"""Names that begin alike, of one question."""
VERSION = 2
"""Of ssb-names' own views, as it gives it."""
TOO_MANY = "too many names begin like that: ask for more letters"
TOO_LARGE = "there are too many for one answer"

_NAMES, _IMAGES, _BEGINNINGS = b"n", b"i", b"b"
_PAIR = 64


class Names:
    """n, dest, author -> name; i, dest, author -> image; b, beginning of a name, dest, author -> nothing.

    All keys end with the position; values begin with the place among the names of their message.
    """

    name = "names"
    version = 1
    reads: frozenset[int] = frozenset()

    def rows(self, message: Message) -> Iterator[Row]:
        """Two rows for each feed that a message calls something, one where it gives a feed an image."""
        content = message.content
        if not isinstance(content, dict):
            return
        if content.get("type") != "about" and "mentions" not in content:
            return
        author, end = message.record.author, message.position.to_bytes(8)
        for n, (dest, name) in enumerate(names_in(content).items()):
            pair = raw(dest) + author + end
            yield Row(_NAMES + pair, n.to_bytes(2) + compact_utf8(name), message.space)
            if isinstance(name, str):
                beginning = text_key(name[:MAX_BEGINNING])
                yield Row(_BEGINNINGS + beginning + pair, b"", message.space)
        image = content.get("image")
        link = image.get("link") if isinstance(image, dict) else image
        about = content.get("about")
        if content.get("type") == "about" and _is_key(about) and is_blob(link):
            value = bytes(2) + compact_utf8(link)
            yield Row(_IMAGES + raw(about) + author + end, value, message.space)


VIEWS: tuple[View, ...] = (Names(),)


def names_in(content: Mapping[str, Any]) -> dict[str, Any]:
    """What content calls feeds: an about message with a name one, all others those they mention."""
    about, name = content.get("about"), content.get("name")
    if content.get("type") == "about" and is_feed(about) and is_truthy(name):
        return {about: name} if _is_key(about) else {}
    mentions = content.get("mentions")
    found: dict[str, Any] = {}
    for one in mentions if isinstance(mentions, list) else ():
        if isinstance(one, dict) and is_truthy(one.get("name")) and _is_key(one.get("link")):
            found[one["link"]] = one["name"]
    return found


def methods(reader: Reader) -> Mapping[str, Method]:
    """The table."""
    queries = _Queries(reader)
    return {
        "names.get": Method("async", queries.names),
        "names.getImages": Method("async", queries.images),
        "names.getImageFor": Method("async", queries.image_for),
        "names.getSignifier": Method("async", queries.signifier),
        "names.getSignifies": Method("async", queries.signifies),
    }


class _Queries:
    """The methods, over the rows and the follow graph."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def names(self, call: Call) -> bytes:
        """`names.get()`: {author: {feed: name}}; with options that and how far the view is."""
        return await self._all(call, _NAMES)

    async def images(self, call: Call) -> bytes:
        """`names.getImages()`: {author: {feed: image}}."""
        return await self._all(call, _IMAGES)

    async def image_for(self, call: Call) -> bytes:
        """`names.getImageFor(id)`: the image of a feed that counts for us, or its id."""
        return await self._one(call, _IMAGES)

    async def signifier(self, call: Call) -> bytes:
        """`names.getSignifier(id)`: the name of a feed that counts for us, or its id."""
        return await self._one(call, _NAMES)

    async def signifies(self, call: Call) -> bytes:
        """`names.getSignifies(name)`: the feeds that we or those near us call so, or by a name that begins so."""
        beginning = call.args[0] if call.args else None
        if not isinstance(beginning, str):
            raise CallerError("name must be a text")
        await self._reader.caught_up()
        given = await self._beginning_with(beginning)
        found = (await self._circle({one.author for one in given})).ranked(given)
        names = {one.id: await self._given(_NAMES, one.id) for one in found}
        circle = await self._circle({author for known in names.values() for author in known})
        told = [{**one._asdict(), "named": circle.name_for(one.id, names[one.id])} for one in found]
        return compact_utf8([*told])

    async def _one(self, call: Call, kind: bytes) -> bytes:
        dest = call.args[0] if call.args else None
        if isinstance(dest, dict):
            dest = dest.get("id")  # as go-sbot takes it too
        if not isinstance(dest, str):
            raise CallerError("id must be a text")
        if not _is_key(dest):
            return compact_utf8(dest)
        await self._reader.caught_up()
        given = await self._given(kind, dest)
        return compact_utf8((await self._circle(given)).name_for(dest, given))

    async def _all(self, call: Call, kind: bytes) -> bytes:
        asked = call.args[0] if call.args else None
        options = asked if isinstance(asked, dict) else {}
        seen = await self._reader.caught_up()
        state = {"seq": seen, "version": VERSION}
        if options.get("values") is False:
            return compact_utf8({**state, "size": None})
        found, size = dict[FeedId, dict[FeedId, tuple[bytes, Any]]](), 0
        async for rows in self._reader.walk(Names.name, kind, next_prefix(kind), spaces=BOTH):
            for row in rows:
                dest, author = _pair(row)
                size += len(dest) + len(row.value)
                given = found.setdefault(author, {})
                first = given[dest][0] if dest in given else row.key[-8:] + row.value[:2]
                given[dest] = first, parse(row.value[2:])
            if size > MAX_ANSWER_BYTES:
                raise CallerError(TOO_LARGE, "refused")
        told = _in_order(found)
        plain = not isinstance(asked, dict | list) or not asked or options.get("meta") is False
        return compact_utf8(told if plain else {**state, "value": told})

    async def _given(self, kind: bytes, dest: FeedId) -> dict[FeedId, Any]:
        """What each author gives a feed now."""
        start, found = kind + raw(dest), dict[FeedId, Any]()
        async for rows in self._reader.walk(Names.name, start, next_prefix(start), spaces=BOTH):
            for row in rows:
                found[_pair(row)[1]] = parse(row.value[2:])
        return found

    async def _beginning_with(self, beginning: str) -> list[Given]:
        """The names in use that begin so, of each author in the order in which it first named each feed."""
        start = _BEGINNINGS + text_key(beginning[:MAX_BEGINNING])[:-2]
        pairs: dict[bytes, None] = {}
        async for rows in self._reader.walk(Names.name, start, next_prefix(start), spaces=BOTH):
            pairs.update((row.key[-_PAIR - 8 : -8], None) for row in rows)
            if len(pairs) > MAX_FOUND:
                raise CallerError(TOO_MANY, "refused")
        found: list[tuple[int, Given]] = []
        for n, pair in enumerate(pairs):
            if n % 50 == 0:
                await asyncio.sleep(0)
            first, last = (self._at_end(pair, reverse=reverse) for reverse in (False, True))
            name = None if last is None else parse(last.value[2:])
            if first is not None and isinstance(name, str) and name.startswith(beginning):
                dest, author = _pair(first)
                found.append((first.position, Given(author, dest, name)))
        return [given for _, given in sorted(found)]

    def _at_end(self, pair: bytes, *, reverse: bool) -> Row | None:
        start = _NAMES + pair
        rows = self._reader.scan(
            Names.name, start, next_prefix(start), reverse=reverse, limit=1, spaces=BOTH
        )
        return next(rows, None)

    async def _circle(self, authors: Collection[FeedId]) -> Circle:
        """The follow graph around us, as far as these authors are in it."""
        own = self._reader.own
        near, start = dict[bytes, int](), raw(own)
        walk = self._reader.walk(Contacts.name, start, next_prefix(start), spaces=BOTH)
        async for rows in walk:
            for row in rows:
                near.setdefault(Contacts.pair(row.key)[32:], row.position)
        known = [FeedId(feed_id(key)) for key in sorted(near, key=lambda key: near[key])]
        circle = Circle(self._reader.social.graph, own, known, authors)
        for n, _ in enumerate(circle.widen(self._since)):
            if n % 10 == 0:
                await asyncio.sleep(0)
        return circle

    def _since(self, source: FeedId, dest: FeedId) -> int:
        start = raw(source) + raw(dest)
        rows = self._reader.scan(Contacts.name, start, next_prefix(start), limit=1, spaces=BOTH)
        return next((row.position for row in rows), 0)


def _in_order(found: Mapping[FeedId, Mapping[FeedId, tuple[bytes, Any]]]) -> dict[str, Json]:
    """What each author gives, both in the order in which they were first spoken of."""
    sorted_ = {
        author: sorted(given.items(), key=lambda one: one[1][0]) for author, given in found.items()
    }
    authors = sorted(sorted_, key=lambda author: sorted_[author][0][1][0])
    return {author: {dest: value for dest, (_, value) in sorted_[author]} for author in authors}


def _pair(row: Row) -> tuple[FeedId, FeedId]:
    """Dest and author of a row."""
    pair = row.key[-_PAIR - 8 : -8]
    return FeedId(feed_id(pair[:32])), FeedId(feed_id(pair[32:]))


def _is_key(value: Any) -> TypeGuard[FeedId]:
    """Whether a value is the id of a feed in its one spelling."""
    return is_feed(value) and value.endswith(".ed25519")
