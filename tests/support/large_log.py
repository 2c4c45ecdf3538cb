"""A log of any size, written straight into a data folder: what would take hours to sign and send.

Its messages have the shape of real ones, with threads, channels, mentions, votes and follows, and signatures that nobody looks
at: storage proves nothing again that it holds. For tests and benchmarks of what reads the log.
"""

import random
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from common.feed.record import Candidate
from common.refs import FeedId, feed_id, message_id
from services.storage.adapters.database import open_database
from services.storage.model import Group

__all__ = ["author_of", "write_log"]

FEEDS = 1_000
AT_ONCE = 1_000
FIRST_MS = 1_500_000_000_000.0
EACH_MS = 700.0
WORDS = [
    "granite",
    "moss",
    "thistle",
    "burn",
    "heather",
    "corrie",
    "naïve",
    "ångström",
    "scree",
    "lochan",
    "peat",
    "wren",
]


def write_log(data: Path, count: int, *, seed: int = 1) -> None:
    """Fill the log of a data folder in which no server runs; the folder's own feed writes none of it."""
    made = _messages(count, random.Random(seed))
    now = iter(FIRST_MS + EACH_MS * n + 500 for n in range(count))
    with open_database(data) as database:
        log = database.load()
        for start in range(0, count, AT_ONCE):
            group = Group(log, lambda: next(now), database)
            for _ in range(min(AT_ONCE, count - start)):
                refused = group.add(next(made))
                if refused is not None:
                    raise RuntimeError(f"a message of the bench was refused: {refused}")
            database.append(group, sync=False)
            log.adopt(group)


def author_of(position: int) -> FeedId:
    """Who wrote the message at a position of the log."""
    return feed_id(_author((position - 1) % FEEDS))


def _author(n: int) -> bytes:
    return sha256(b"feed %d" % n).digest()


def _messages(count: int, chance: random.Random) -> Iterator[Candidate]:
    authors = [_author(n) for n in range(FEEDS)]
    ids = [feed_id(author) for author in authors]
    heads: list[tuple[int, bytes | None]] = [(0, None)] * FEEDS
    recent: list[str] = []
    for n in range(count):
        at = n % FEEDS
        sequence, previous = heads[at][0] + 1, heads[at][1]
        content = _content(sequence, ids, recent, chance)
        value = {
            "previous": None if previous is None else message_id(previous),
            "sequence": sequence,
            "author": ids[at],
            "timestamp": FIRST_MS + EACH_MS * n,
            "hash": "sha256",
            "content": content,
            "signature": b64encode(bytes(64)).decode() + ".sig.ed25519",
        }
        key = sha256(b"message %d" % n).digest()
        heads[at] = sequence, key
        yield Candidate(key, authors[at], sequence, previous, orjson.dumps(value))
        recent = [*recent[-99:], message_id(key)]


def _content(
    sequence: int, ids: list[Any], recent: list[str], chance: random.Random
) -> dict[str, Any]:
    if sequence == 1 or not recent:
        return {"type": "about", "about": chance.choice(ids), "name": chance.choice(WORDS)}
    draw = chance.random()
    if draw < 0.05:
        return {"type": "contact", "contact": chance.choice(ids), "following": True}
    if draw < 0.25:
        vote = {"link": chance.choice(recent), "value": 1, "expression": "Like"}
        return {"type": "vote", "vote": vote}
    text = " ".join(chance.choices(WORDS, k=chance.randrange(20, 70)))
    post: dict[str, Any] = {"type": "post", "text": text, "mentions": []}
    if draw < 0.5:
        post |= {"root": chance.choice(recent), "branch": chance.choice(recent)}
    elif draw < 0.7:
        post["channel"] = chance.choice(WORDS)
    if draw > 0.9:
        post["mentions"] = [{"link": chance.choice(ids), "name": "someone"}]
    return post
