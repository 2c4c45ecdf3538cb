"""What messages link to: `links`.

Knows the method as ssb-db 20.4 has it (indexes/links.js), and how its keys sort.
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from common.bus import Call, CallerError, Method
from common.feed import options as stream_options
from common.feed.items import OptionError
from common.feed.javascript import is_truthy
from common.feed.json import Json, compact_utf8
from common.refs import message_id
from common.refs.links import is_link
from common.store import next_prefix
from services.indexing.adapters.reader import Reader
from services.indexing.model.message import Message
from services.indexing.model.view import Fields, Row, View, text_key
from services.indexing.streams import each, item, serve, shown, spaces

__all__ = ["VIEWS", "Links", "methods"]

MAX_TEXT = 512
"""Bytes in UTF-8 of what is linked, or of the member it stands in: longer ones are not found by `links`."""
NOTHING = (
    "makes no sense to return stream without results"
    "set at least one of {keys, values, meta} to true"
)
_FILTERS = {"feed": "@", "msg": "%", "blob": "&"}
_SIGILS = frozenset(_FILTERS.values())
_FORTH, _BACK = b"\0", b"\1"


class _Link(NamedTuple):
    """A link of a message."""

    source: str
    rel: str
    dest: str


class Links:
    """0, source, rel, dest, sequence, position -> message's id; and 1, dest, rel, source, the same."""

    name = "links"
    version = 1
    reads: frozenset[int] = frozenset()

    def rows(self, message: Message) -> Iterator[Fields]:
        """Two rows for each link of a content; the same link twice counts once."""
        links = message.links
        if not links:
            return
        record, space = message.record, message.space
        source = text_key(message.value["author"])
        end = record.sequence.to_bytes(8) + message.end
        for rel, dest in sorted({(link.rel, link.dest) for link in links}):
            middle, last = text_key(rel), text_key(dest)
            if len(middle) <= MAX_TEXT and len(last) <= MAX_TEXT:
                yield _FORTH + source + middle + last + end, record.key, space
                yield _BACK + last + middle + source + end, record.key, space


VIEWS: tuple[View, ...] = (Links(),)


class _Asked(NamedTuple):
    """What is asked for: an id or a sigil, `""` for all; and what is given of each link."""

    source: str
    dest: str
    rel: str
    meta: bool
    keys: bool
    values: bool
    private: bool
    reverse: bool
    live: bool
    old: bool
    sync: bool

    @property
    def back(self) -> bool:
        """Whether it is found by what is linked."""
        return bool(self.dest) and not self.source

    def has(self, link: _Link) -> bool:
        """Whether a link is one of those asked for."""
        return (
            link.rel == (self.rel or link.rel)
            and _fits(link.source, self.source)
            and _fits(link.dest, self.dest)
        )

    def bounds(self) -> tuple[bytes, bytes]:
        """Between which keys all of them stand, as closely as the order of keys allows."""
        side = _BACK if self.back else _FORTH
        first, last = (self.dest, self.source) if self.back else (self.source, self.dest)
        prefix = side
        for text in (first, self.rel, last):
            if not text or text in _SIGILS:
                prefix += text.encode()
                break
            prefix += text_key(text)
        return prefix, next_prefix(prefix) or b"\xff"


def methods(reader: Reader) -> Mapping[str, Method]:
    """The table."""

    async def links(call: Call) -> None:
        """`links({source, dest, rel, ...})`: what messages link to, by source or else by dest.

        Links out of boxes only with `private`, where ssb-db gives them always; its `values` were open then
        without `meta` alone.
        """
        asked = _asked(call.args)
        start, end = asked.bounds()
        where = spaces(private=asked.private)

        async def old(seen: int) -> AsyncIterator[list[bytes]]:
            walk = reader.walk(Links.name, start, end, reverse=asked.reverse, spaces=where)
            async for rows in walk:
                told = ((row, _link_of(row.key)) for row in rows if row.position <= seen)
                yield await _items(reader, asked, [one for one in told if asked.has(one[1])])

        def comes(message: Message) -> list[bytes]:
            seen_as = shown(message, private=asked.private)
            side = _BACK if asked.back else _FORTH
            keys = (key for key, _, _ in Links().rows(seen_as) if key.startswith(side))
            found = (link for link in map(_link_of, keys) if asked.has(link))
            value = item(seen_as, keys=False) if asked.values else b""
            return [_item(asked, link, message.record.key, value) for link in found]

        def told(messages: Sequence[Message]) -> list[bytes]:
            return [one for message in messages for one in comes(message)]

        await serve(call, reader, asked, old=old, comes=lambda seen: each(reader.live(seen), told))

    return {"links": Method("source", links)}


async def _items(reader: Reader, asked: _Asked, found: Sequence[tuple[Row, _Link]]) -> list[bytes]:
    if not asked.values:
        return [_item(asked, link, row.value) for row, link in found]
    positions = sorted({row.position for row, _ in found})
    records = await reader.records(positions)
    if asked.private:
        values = {one[0]: item(reader.read(*one), keys=False) for one in records}
    else:
        values = {position: record.message for position, record in records}
    return [
        _item(asked, link, row.value, values[row.position])
        for row, link in found
        if row.position in values
    ]


def _item(asked: _Asked, link: _Link, key: bytes, value: bytes = b"") -> bytes:
    """A link as the client wants it; of `key`, `value` and neither where it wants no `meta`."""
    if not asked.meta and not asked.keys:
        return value
    name = message_id(key)
    if not asked.meta and not asked.values:
        return compact_utf8(name)
    told: dict[str, Json] = {**link._asdict()} if asked.meta else {}
    if asked.keys:
        told["key"] = name
    written = compact_utf8(told)
    return written[:-1] + b',"value":' + value + b"}" if asked.values else written


def _link_of(key: bytes) -> _Link:
    """What a key says."""
    texts = []
    rest = key[1:]
    for _ in range(3):
        end = rest.index(b"\0\1")
        texts.append(rest[:end].replace(b"\0\xff", b"\0").decode("utf-8", "surrogatepass"))
        rest = rest[end + 2 :]
    first, rel, last = texts
    return _Link(last, rel, first) if key.startswith(_BACK) else _Link(first, rel, last)


def _fits(text: str, asked: str) -> bool:
    return text.startswith(asked) if asked in _SIGILS else not asked or text == asked


def _asked(args: list[Any]) -> _Asked:
    """The options; `limit` is none of them.

    Raises:
        CallerError: with the text of ssb-db's validator, or of its `links`.
    """
    given = args[0] if args else None
    if not is_truthy(given):
        raise CallerError("Param 0 is required")
    try:
        if isinstance(given, dict):
            _check_filters(given)
            given = {**given, "limit": None}
        stream_options.check(given, "linksOpts")
    except OptionError as error:
        raise CallerError(str(error)) from error
    assert isinstance(given, dict)  # noqa: S101  it was checked
    options = stream_options.read(given)
    source, dest, rel = (given.get(name) or "" for name in ("source", "dest", "rel"))
    meta, values = given.get("meta") is not False, given.get("values") is True
    if not (meta or values or options.keys):
        raise CallerError(NOTHING)
    return _Asked(
        source=_FILTERS.get(source, source),
        dest=_FILTERS.get(dest, dest),
        rel=rel,
        meta=meta,
        keys=options.keys,
        values=values,
        private=options.private,
        reverse=options.reverse,
        live=options.live,
        old=options.old,
        sync=options.sync,
    )


def _check_filters(given: Mapping[str, Any]) -> None:
    for name, kind in (("source", "id|filter"), ("dest", "id|filter"), ("rel", "string")):
        value = given.get(name)
        known = isinstance(value, str) and (
            kind == "string" or value in _SIGILS or value in _FILTERS or is_link(value)
        )
        if is_truthy(value) and not known:
            raise OptionError(f'.0 of param {name} must be of type "{kind}"')
