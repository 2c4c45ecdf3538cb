"""Whether what a stopped suite left in its data folder is whole: the log, and the views of it."""

from pathlib import Path
from typing import Any

from common.crypto.keys import Keys
from common.feed import json
from common.feed.record import Record
from common.feed.validate import Head, Verified, follows, verify_raw
from common.refs import FeedId, feed_id, raw
from common.runtime.secret import load_or_create
from common.store import Store, open_memory, open_rocks
from services.indexing.adapters.database import FOLDER as VIEWS_FOLDER
from services.indexing.adapters.generations import FOLDER as SEARCH_FOLDER
from services.indexing.adapters.generations import Generations
from services.indexing.boxes import Boxes
from services.indexing.model.index import BOTH, Index
from services.indexing.model.shelf import FAMILIES as VIEW_FAMILIES
from services.indexing.model.words import entry_of
from services.indexing.views import VIEWS
from services.storage.adapters.database import FAMILIES, FOLDER

__all__ = ["SEARCH_FOLDER", "VIEWS_FOLDER", "check_log", "check_views", "keys_of", "own_texts"]

MAX_HOPS = 2


def keys_of(data: Path) -> Keys:
    return load_or_create(data / "secret")


def own_texts(records: list[Record], own: str) -> list[Any]:
    """The texts of our own posts, in the order of the log."""
    ours = (record for record in records if record.author == raw(FeedId(own)) and record.message)
    values = (json.parse(record.message) for record in ours)
    contents: list[Any] = [value["content"] for value in values if isinstance(value, dict)]
    return [content["text"] for content in contents if content["type"] == "post"]


def check_log(data: Path, *, hmac_key: bytes | None = None) -> list[Record]:
    """Everything the log promises, read from its files; gives the records."""
    store = open_rocks(data / FOLDER, FAMILIES)
    try:
        pairs = list(store.scan("log"))
        assert [int.from_bytes(key) for key, _ in pairs] == list(range(1, len(pairs) + 1))
        records = [Record.parse(record) for _, record in pairs]
        _check_messages(records, hmac_key)
        _check_families(store, records)
    finally:
        store.close()
    return records


def _check_messages(records: list[Record], hmac_key: bytes | None) -> None:
    heads: dict[FeedId, Head] = {}
    received = 0.0
    for record in records:
        author = feed_id(record.author)
        if record.message:
            message = verify_raw(record.message, hmac_key)
            assert isinstance(message, Verified), message
            assert (message.key, message.author_raw) == (record.key, record.author)
            assert follows(heads.get(author), message) is None
        else:  # deleted: its header still proves the chain
            before = heads.get(author)
            assert record.sequence == (before.sequence if before else 0) + 1
        heads[author] = Head(record.key, record.sequence)
        assert record.received > received
        received = record.received
    assert len({record.key for record in records}) == len(records)


def _check_families(store: Store, records: list[Record]) -> None:
    places = [(record, n.to_bytes(8)) for n, record in enumerate(records, 1)]
    assert dict(store.scan("ids")) == {record.key: place for record, place in places}
    sequences = {(r.author + r.sequence.to_bytes(8)): place for r, place in places}
    assert dict(store.scan("feeds")) == sequences
    heads = {r.author: r.sequence.to_bytes(8) + r.key + place for r, place in places}
    assert dict(store.scan("heads")) == heads
    assert not list(store.scan("forks"))


def check_views(data: Path) -> None:
    """The views are what the log gives, folded from its first message by who has all keys that it tells."""
    keys = keys_of(data)
    boxes, fingerprint = Boxes(keys), b""
    log = open_rocks(data / FOLDER, FAMILIES)
    try:
        records = [record for _, record in log.scan("log")]
        while fingerprint != boxes.ring.fingerprint():
            fingerprint = boxes.ring.fingerprint()
            expected = Index(open_memory(VIEW_FAMILIES), VIEWS, keys.id, MAX_HOPS, boxes.opens)
            expected.fold(1, records)
    finally:
        log.close()
    check_search(data, records)
    views = open_rocks(data / VIEWS_FOLDER, VIEW_FAMILIES)
    found = Index(views, VIEWS, keys.id, MAX_HOPS, boxes.opens)
    try:
        assert found.positions() == expected.positions()
        assert found.mark == expected.mark
        for view in VIEWS:
            rows = list(found.scan(view.name, spaces=BOTH))
            assert rows == list(expected.scan(view.name, spaces=BOTH)), view.name
    finally:
        found.close()


def check_search(data: Path, records: list[bytes]) -> None:
    """The full-text index has what the log gives up to where it says it is: nothing more, nothing less."""
    index, _ = Generations(data).open()
    try:
        seen = records[: index.state.position]
        assert len(seen) == index.state.position
        entries = [entry_of(n, Record.parse(raw)) for n, raw in enumerate(seen, 1)]
        assert index.sums(1, max(len(records), 1)) == {
            one.position: one.sum for one in entries if one
        }
    finally:
        index.close()
