"""Follows and unfollows while connected: feeds start and stop, on the connection that is open."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from common.crypto.keys import Keys, generate
from common.feed.create import create
from common.feed.json import Json, compact
from common.feed.validate import Head, Verified, verify_raw
from tests.support.driver import Driver
from tests.support.mesh import contact, holds, post, running
from tests.support.servers import OURS, SsbServer

pytestmark = pytest.mark.interop
POSTS = 5


class Author:
    """A feed without a server: its messages are put into the log of one."""

    def __init__(self, seed: int) -> None:
        self.keys: Keys = generate(bytes([seed]) * 32)
        self.id = self.keys.id
        self.sequence = 0
        self._head: Head | None = None

    async def add(self, client: Driver, *contents: dict[str, Json]) -> None:
        for content in contents:
            message = create(
                self._head, self.keys, None, content, 1_700_000_000_000 + self.sequence
            )
            verified = verify_raw(compact(message).encode(), None)
            assert isinstance(verified, Verified)
            self._head = Head(verified.key, verified.sequence)
            self.sequence = verified.sequence
            await client.call("add", message)

    async def posts(self, client: Driver, count: int = POSTS) -> None:
        for n in range(count):
            await self.add(client, {"type": "post", "text": f"{n}"})


def follows(author: Author, *, following: bool = True) -> dict[str, Json]:
    return {"type": "contact", "contact": author.id, "following": following}


@asynccontextmanager
async def pair(
    folder: Path, kind: str, *wanted: Author
) -> AsyncIterator[tuple[Driver, Driver, str]]:
    """Ours, connected to an ssb-server that it follows and that replicates some authors; and the latter's id."""
    ours, theirs = OURS[kind](folder / "ours"), SsbServer(folder / "theirs")
    async with running(ours, theirs) as (at_ours, at_theirs):
        for author in wanted:
            await at_theirs.call("replicate.request", author.id)
        await contact(at_ours, theirs.id, following=True)
        await at_ours.call("gossip.connect", theirs.address)
        await post(at_theirs, "here I am")
        await holds(at_ours, {theirs.id: 1})
        yield at_ours, at_theirs, theirs.id


@pytest.mark.parametrize("kind", OURS)
async def test_a_feed_stops_when_unfollowed_and_goes_on_when_followed_again(
    folder: Path, kind: str
) -> None:
    one, other = Author(1), Author(2)
    async with pair(folder, kind, one, other) as (at_ours, at_theirs, theirs):
        for author in (one, other):
            await author.posts(at_theirs)
            await contact(at_ours, author.id, following=True)
        await holds(at_ours, {one.id: POSTS, other.id: POSTS})

        await contact(at_ours, one.id, following=False)
        await post(at_theirs, "a message that comes after they heard of it")
        await holds(at_ours, {theirs: 2})
        for author in (one, other):
            await author.posts(at_theirs)
        await post(at_theirs, "what was sent before has come")
        await holds(at_ours, {theirs: 3, one.id: POSTS, other.id: 2 * POSTS})

        await contact(at_ours, one.id, following=True)
        await holds(at_ours, {one.id: 2 * POSTS})
        await one.posts(at_theirs)
        await holds(at_ours, {one.id: 3 * POSTS})


@pytest.mark.parametrize("kind", OURS)
async def test_a_friends_follows_bring_feeds_and_take_them_away(folder: Path, kind: str) -> None:
    """The hops of a feed change by what a friend says, with nothing said by ourselves."""
    friend, far = Author(3), Author(4)
    async with pair(folder, kind, friend, far) as (at_ours, at_theirs, theirs):
        await far.posts(at_theirs)
        await contact(at_ours, friend.id, following=True)
        await friend.add(at_theirs, follows(far))
        await holds(at_ours, {friend.id: 1, far.id: POSTS})

        await friend.add(at_theirs, follows(far, following=False))
        await holds(at_ours, {friend.id: 2})
        await post(at_theirs, "a message that comes after they heard of it")
        await holds(at_ours, {theirs: 2})
        await far.posts(at_theirs)
        await friend.posts(at_theirs)
        await holds(at_ours, {friend.id: 2 + POSTS, far.id: POSTS})

        await friend.add(at_theirs, follows(far))
        await holds(at_ours, {friend.id: 3 + POSTS, far.id: 2 * POSTS})
