"""What feeds say about feeds, messages, blobs and channels: `about.*`.

Knows the methods as ssb-social-index 1.2 (ssb-about 2.0.1) has them over ssb-backlinks, private claims to us included, and
how its keys sort. What follows from claims is in `services/indexing/claims.py`.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any, NamedTuple

from common.bus import Call, CallerError, Method
from common.feed.items import SYNC, item_of, js_number
from common.feed.javascript import is_number, is_truthy, text_of
from common.feed.json import compact_utf8, parse
from common.feed.opened import opened_value
from common.refs import FeedId, feed_id, is_blob, is_feed, is_message, raw
from common.refs.ids import is_cloaked_message
from common.refs.links import MAX_CHANNEL_UNITS, normalize_channel
from common.store import next_prefix
from services.indexing.adapters.reader import BOTH, Reader
from services.indexing.arrivals import moves
from services.indexing.claims import Claim, Latest, changed, is_removal, settled, social
from services.indexing.model.message import Message
from services.indexing.model.view import Row, View, ordered, text_key
from services.indexing.suggesting import folded

__all__ = ["VIEWS", "Abouts", "claims_about", "methods", "settled_about"]

MAX_NAME = 64
"""Letters of a name by which a feed is found."""
_NAMED, _NEW = b"\1", b"\2"
"""Before the beginning of a name, and before a position; no dest begins so."""
LAST = float("inf")
"""Where a claim stands whose author gave no time (0): after all others."""


class Abouts:
    """Dest, time -> author, content; 1, beginning of a name, feed -> nothing; 2 -> time, dest.

    All keys end with the position.
    """

    name = "abouts"
    version = 3
    reads: frozenset[int] = frozenset()

    @staticmethod
    def bounds(dest: str) -> tuple[bytes, bytes | None]:
        """The keys of what is said about one."""
        start = text_key(dest)
        return start, next_prefix(start)

    def rows(self, message: Message) -> Iterator[Row]:
        """One row for an about message that names what it is about."""
        content = message.content
        if not isinstance(content, dict) or content.get("type") != "about":
            return
        dest = content.get("about")
        if isinstance(dest, str) and _is_dest(dest):
            time = message.time if message.value["timestamp"] else LAST
            end = message.position.to_bytes(8)
            key = text_key(dest) + ordered(time) + end
            yield Row(key, message.record.author + compact_utf8(content), message.space)
            yield Row(_NEW + end, ordered(time) + text_key(dest), message.space)
            name = content.get("name")
            if isinstance(name, str) and is_feed(dest) and feed_id(raw(dest)) == dest:
                key = _NAMED + text_key(folded(name)[:MAX_NAME]) + raw(dest)
                yield Row(key + end, b"", message.space)

    @staticmethod
    def named(beginning: str) -> bytes:
        """What the keys of feeds begin with that somebody gave a name which begins so, as it is compared."""
        return _NAMED + text_key(beginning[:MAX_NAME])[:-2]

    @staticmethod
    def named_feed(row: Row) -> FeedId:
        """The feed of a row by name."""
        return feed_id(row.key[-40:-8])

    @staticmethod
    def claim(row: Row) -> Claim:
        """What a row holds."""
        content = parse(row.value[32:])
        assert isinstance(content, dict)  # noqa: S101  as it was written
        return Claim(feed_id(row.value[:32]), content)


VIEWS: tuple[View, ...] = (Abouts(),)


class Asked(NamedTuple):
    """What a call asks for; nothing is about the dest ""."""

    key: str
    dest: str
    given: Mapping[str, Any]


async def claims_about(
    reader: Reader, dest: str, seen: int, *, reverse: bool = False
) -> AsyncIterator[Claim]:
    """All that is said about one up to a position of the log, in the order of the times."""
    start, end = Abouts.bounds(dest)
    async for rows in reader.walk(Abouts.name, start, end, reverse=reverse, spaces=BOTH):
        for row in rows:
            if row.position <= seen:
                yield Abouts.claim(row)


async def settled_about(reader: Reader, dest: str, key: str, seen: int) -> dict[str, Any]:
    """The last value of each author."""
    values: dict[str, Any] = {}
    async for claim in claims_about(reader, dest, seen):
        settled(values, claim, key)
    return values


async def coming(reader: Reader, dest: str, after: int) -> AsyncIterator[list[Row]]:
    """The rows of what is said about one after a position, for ever, in the order of the log.

    Many streams wait so: each looks at what was said about anybody, not at all that was ever said about one.
    """
    about = text_key(dest)
    async for before, seen in moves(reader, after):
        start, end = (_NEW + (one + 1).to_bytes(8) for one in (before, seen))
        found: list[Row] = []
        async for rows in reader.walk(Abouts.name, start, end, spaces=BOTH):
            for row in rows:
                if row.value[8:] == about:
                    key = about + row.value[:8] + row.key[-8:]
                    found += reader.scan(Abouts.name, key, key + b"\0", spaces=(row.space,))
        if found:
            yield found


def methods(reader: Reader) -> Mapping[str, Method]:
    """The table."""
    values, streams = _Values(reader), _Streams(reader)
    return {
        "about.socialValue": Method("async", values.social_value),
        "about.latestValue": Method("async", values.latest_value),
        "about.socialValues": Method("async", values.social_values),
        "about.latestValues": Method("async", values.latest_values),
        "about.socialValueStream": Method("source", streams.social_value),
        "about.socialValuesStream": Method("source", streams.social_values),
        "about.latestValueStream": Method("source", streams.latest_value),
        "about.read": Method("source", streams.read),
    }


class _Values:
    """The methods that answer once."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def social_value(self, call: Call) -> bytes:
        """`about.socialValue({key, dest})`: ours, else its author's, else the most frequent."""
        asked = _asked(call)
        seen = await self._reader.caught_up()
        author = await _author_of(self._reader, asked.dest)
        if author is None and is_message(asked.dest):
            raise CallerError(f"Key not found in database [{asked.dest}]", "not_found")
        values = await settled_about(self._reader, asked.dest, asked.key, seen)
        return compact_utf8(social(values, self._reader.own, author))

    async def social_values(self, call: Call) -> bytes:
        """`about.socialValues({key, dest})`: the last value of each author."""
        asked = _asked(call)
        seen = await self._reader.caught_up()
        return compact_utf8(await settled_about(self._reader, asked.dest, asked.key, seen))

    async def latest_value(self, call: Call) -> bytes:
        """`about.latestValue({key, dest})`: the newest value that takes nothing back."""
        asked = _asked(call)
        seen = await self._reader.caught_up()
        async for claim in claims_about(self._reader, asked.dest, seen, reverse=True):
            if asked.key in claim.content and not is_removal(claim.content[asked.key]):
                return compact_utf8(claim.content[asked.key])
        return compact_utf8(None)

    async def latest_values(self, call: Call) -> bytes:
        """`about.latestValues({keys, dest})`: the same of several members."""
        asked = _asked(call)
        seen = await self._reader.caught_up()
        keys = asked.given.get("keys")
        found: dict[str, Any] = {}
        async for claim in claims_about(self._reader, asked.dest, seen, reverse=True):
            if not isinstance(keys, list | str):
                raise CallerError("keys must be a list")
            for key, value in claim.content.items():
                if key in keys and key not in found and not is_removal(value):
                    found[key] = value
        return compact_utf8(found)


class _Streams:
    """The methods that stay open: what is settled so far, then every change."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def social_value(self, call: Call) -> None:
        """`about.socialValueStream({key, dest})`: the value that counts for us, now and with every claim."""
        asked = _asked(call)
        seen = await self._reader.caught_up()
        author = await _author_of(self._reader, asked.dest) or asked.dest
        values: dict[str, Any] = {}

        def value(_: Claim | None) -> Any:
            return social(values, self._reader.own, author)

        await self._follow(call, asked, seen, lambda one: changed(values, one, asked.key), value)

    async def social_values(self, call: Call) -> None:
        """`about.socialValuesStream({key, dest})`: the values of all authors, then one by one as they change."""
        asked = _asked(call)
        seen = await self._reader.caught_up()
        values: dict[str, Any] = {}

        def value(claim: Claim | None) -> Any:
            return values if claim is None else {claim.author: claim.says(asked.key)}

        await self._follow(call, asked, seen, lambda one: changed(values, one, asked.key), value)

    async def latest_value(self, call: Call) -> None:
        """`about.latestValueStream({key, dest, authorId})`: the newest value, or one author's, and as it changes."""
        asked = _asked(call)
        seen = await self._reader.caught_up()
        author, newest = asked.given.get("authorId"), Latest()
        values: dict[str, Any] = {}
        if is_truthy(author):
            await self._follow(
                call,
                asked,
                seen,
                lambda one: changed(values, one, asked.key),
                lambda _: values.get(text_of(author), False),  # what muxrpc makes of undefined
            )
        else:
            await self._follow(
                call, asked, seen, lambda one: newest.take(one, asked.key), lambda _: newest.value
            )

    async def read(self, call: Call) -> None:
        """`about.read({dest, reverse, limit, live})`: messages about one, by time; `limit` counts all that is sent."""
        asked = _asked(call)
        limit = asked.given.get("limit")
        left = int(limit) if is_number(limit) and limit > 0 and limit == int(limit) else None
        async for items in self._items(asked, await self._reader.caught_up()):
            sent = items if left is None else items[:left]
            if sent:
                await call.send(sent)
            if left is not None:
                left -= len(sent)
                if not left:
                    return

    async def _items(self, asked: Asked, seen: int) -> AsyncIterator[list[bytes]]:
        start, end = Abouts.bounds(asked.dest)
        reverse = is_truthy(asked.given.get("reverse"))
        async for rows in self._reader.walk(Abouts.name, start, end, reverse=reverse, spaces=BOTH):
            yield await self._written([row for row in rows if row.position <= seen], asked.dest)
        if is_truthy(asked.given.get("live")):
            yield [SYNC]
            async for rows in coming(self._reader, asked.dest, seen):
                yield await self._written(rows, asked.dest)

    async def _written(self, rows: list[Row], dest: str) -> list[bytes]:
        found = await self._reader.messages([row.position for row in rows])
        return [_item(message, dest) for message in found]

    async def _follow(
        self,
        call: Call,
        asked: Asked,
        seen: int,
        take: Callable[[Claim], bool],
        value: Callable[[Claim | None], Any],
    ) -> None:
        """Take what is there, send what it comes to, then what each claim makes of it that comes."""
        async for claim in claims_about(self._reader, asked.dest, seen):
            take(claim)
        await call.send([compact_utf8(value(None))])
        async for rows in coming(self._reader, asked.dest, seen):
            claims = [Abouts.claim(row) for row in rows]
            if items := [compact_utf8(value(claim)) for claim in claims if take(claim)]:
                await call.send(items)


def _asked(call: Call) -> Asked:
    """What the first argument asks for; what is no text is about nothing.

    Raises: CallerError.
    """
    given = call.args[0] if call.args else None
    if given is None:
        raise CallerError(f"{call.method} wants an object with dest")
    given = given if isinstance(given, dict) else {}
    dest = given.get("dest")
    if isinstance(dest, dict):
        raise CallerError("dest must be a text, no rule")
    key = text_of(given["key"]) if "key" in given else "undefined"
    return Asked(key, dest if isinstance(dest, str) else "", given)


async def _author_of(reader: Reader, dest: str) -> str | None:
    """Whose word counts about one: a feed's own, a message's author's; None where nobody is known."""
    if is_feed(dest):
        return dest
    message = await reader.message(dest) if is_message(dest) else None
    return None if message is None else str(message.value["author"])


def _is_dest(text: str) -> bool:
    """Whether ssb-backlinks takes a text for a link, and for one that is not spelled otherwise."""
    if text.startswith("#"):
        units = len(text.encode("utf-16-le", "surrogatepass")) // 2
        return units < MAX_CHANNEL_UNITS and text[1:] == normalize_channel(text[1:])
    return is_feed(text) or is_message(text) or is_cloaked_message(text) or is_blob(text)


def _item(message: Message, dest: str) -> bytes:
    """A message as ssb-backlinks gives it: with where it links to and the time that it sorts by."""
    record = message.record
    if message.opened is not None:
        record = record._replace(message=opened_value(message.value, message.opened))
    extra = b',"dest":' + compact_utf8(dest)
    if message.value["timestamp"]:
        extra += b',"rts":' + js_number(message.time).encode()
    return item_of(record, extra=extra)
