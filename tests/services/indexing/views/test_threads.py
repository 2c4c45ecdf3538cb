import asyncio
from itertools import count
from typing import Any

import pytest

from common.bus import CallerError
from tests.support.indexing_suite import IDS, Suite, boxed
from tests.support.waiting import PATIENCE_S

OWN, ANN, BOB, CAT, DAN = IDS
MISSING = "%" + "A" * 43 + "=.sha256"


def post(**more: Any) -> dict[str, Any]:
    return {"type": "post", **more}


def reply(root: str, *branches: str, **more: Any) -> dict[str, Any]:
    return post(root=root, branch=list(branches) or [root], **more)


def keys(item: dict[str, Any]) -> list[str]:
    return [message["key"] for message in item["messages"]]


async def roots(suite: Suite, method: str, **options: Any) -> list[str]:
    found = await suite.items(method, options)
    return [one["root"]["key"] if "root" in one else keys(one)[0] for one in found]


async def block(suite: Suite, feed: str) -> None:
    suite.storage.add(0, {"type": "contact", "contact": feed, "blocking": True})


async def test_threads_stand_in_the_order_of_what_was_said_last(suite: Suite) -> None:
    old = suite.storage.add(1, post(), claimed=1)
    new = suite.storage.add(2, post(), claimed=2)
    vote = suite.storage.add(2, {"type": "vote"}, claimed=3)
    first = suite.storage.add(3, reply(old), claimed=4)
    second = suite.storage.add(1, reply(old, first), claimed=4)
    suite.storage.add(1, reply(MISSING), claimed=5)
    found = await suite.items("threads.public", {})
    assert [(keys(one), one["full"]) for one in found] == [
        ([old, first, second], True),
        ([vote], True),
        ([new], True),
    ]
    assert await roots(suite, "threads.public", reverse=False) == [old, new, vote]
    assert await roots(suite, "threads.public", allowlist=["post"]) == [old, new]
    summaries = await suite.items("threads.publicSummary", {"blocklist": ["vote"]})
    assert [(one["replyCount"], one["timestamp"]) for one in summaries] == [(2, 4), (0, 2)]


async def test_a_long_thread_loses_its_middle(suite: Suite) -> None:
    root = suite.storage.add(1, post())
    replies = [suite.storage.add(1, reply(root), claimed=2 + n) for n in range(5)]
    options = {"root": root, "threadMaxSize": 3}
    (found,) = await suite.items("threads.thread", options)
    assert (keys(found), found["full"]) == ([root, *replies[3:]], False)
    (found,) = await suite.items("threads.thread", {"root": root})
    assert (keys(found), found["full"]) == ([root, *replies], True)
    (found,) = await suite.items("threads.thread", {"root": root, "threadMaxSize": 0})
    assert (keys(found), found["full"]) == ([root], False)


async def test_who_is_blocked_is_in_no_thread(suite: Suite) -> None:
    theirs = suite.storage.add(2, post())
    ours = suite.storage.add(1, post())
    suite.storage.add(2, reply(ours))
    await block(suite, BOB)
    assert await roots(suite, "threads.public", allowlist=["post"]) == [ours]
    (found,) = await suite.items("threads.publicSummary", {"allowlist": ["post"]})
    assert found["replyCount"] == 0
    with pytest.raises(CallerError, match=f"Author Blocked:{BOB}"):
        await suite.items("threads.thread", {"root": theirs})


async def test_following_leaves_only_roots_of_those_we_follow(suite: Suite) -> None:
    known = suite.storage.add(1, post())
    suite.storage.add(2, reply(suite.storage.add(2, post())))
    suite.storage.add(0, {"type": "contact", "contact": ANN, "following": True})
    mine = suite.storage.add(0, post())
    options = {"following": True, "allowlist": ["post"], "reverse": False}
    assert await roots(suite, "threads.public", **options) == [known, mine]


async def test_private_threads_are_apart(suite: Suite) -> None:
    public = suite.storage.add(1, post())
    secret = suite.storage.add(1, boxed(post(recps=[OWN, ANN])))
    answer = suite.storage.add(2, boxed(reply(secret)))
    suite.storage.add(2, "not for us.box")
    suite.storage.add(3, post(recps=[OWN]))
    assert await roots(suite, "threads.public") == [public]
    (found,) = await suite.items("threads.private", {})
    assert (keys(found), found["full"]) == ([secret, answer], True)
    message = found["messages"][0]
    assert message["value"]["content"] == post(recps=[OWN, ANN])
    assert (message["meta"]["private"], message["meta"]["encryptionFormat"]) == (True, "box")
    assert await suite.items("threads.thread", {"root": secret}) == []
    assert await suite.items("threads.thread", {"root": secret, "private": True}) == [found]


async def test_a_profile_has_the_threads_a_feed_took_part_in(suite: Suite) -> None:
    root = suite.storage.add(1, post())
    middle = suite.storage.add(2, reply(root))
    suite.storage.add(3, post(root=root, fork=middle))
    suite.storage.add(1, post())
    suite.storage.add(3, boxed(post()))
    assert await roots(suite, "threads.profile", id=CAT) == [middle]
    assert await roots(suite, "threads.profileSummary", id=CAT) == []
    assert await roots(suite, "threads.profileSummary", id=BOB) == [root]
    (found,) = await suite.items("threads.profileSummary", {"id": BOB})
    assert found["replyCount"] == 2
    with pytest.raises(CallerError, match="id of a feed"):
        await suite.items("threads.profile", {"id": "x"})


async def test_many_threads_come_once_each(suite: Suite) -> None:
    made = [suite.storage.add(n % 3, post(), claimed=n + 1) for n in range(250)]
    for n, root in enumerate(made):
        for _ in range(n % 2):
            suite.storage.add(3, reply(root), claimed=500 - n)
    found = await roots(suite, "threads.publicSummary")
    assert found == [*made[1::2], *reversed(made[::2])]


@pytest.mark.parametrize(
    ("method", "options", "told"),
    [
        ("threads.publicUpdates", {"allowlist": ["post"]}, ["one", "two"]),
        ("threads.publicUpdates", {"includeSelf": True, "following": True}, ["one", "mine"]),
        ("threads.privateUpdates", {}, ["secret"]),
        ("threads.hashtagUpdates", {"hashtag": "#SSB"}, ["old"]),
        ("threads.threadUpdates", {"root": "old"}, ["two"]),
        ("threads.threadUpdates", {"root": "secret", "private": True}, ["whisper"]),
    ],
)
async def test_updates_tell_what_comes(
    suite: Suite, method: str, options: dict[str, Any], told: list[str]
) -> None:
    """Nothing tells when such a stream begins to listen: the same is said again and again until it has told a whole round."""
    add = suite.storage.add
    add(0, {"type": "contact", "contact": ANN, "following": True})
    await block(suite, CAT)
    old, secret = add(2, post()), add(1, boxed(post()))
    roots = {"old": old, "secret": secret}
    named = {old: (0, "old"), secret: (0, "secret")}

    async def say() -> None:
        for n in count(1):
            named[add(1, post())] = n, "one"
            named[add(2, reply(old, channel="ssb"))] = n, "two"
            add(3, reply(old, channel="ssb"))
            add(2, reply(MISSING))
            named[add(0, {"type": "vote"})] = n, "mine"
            named[add(2, boxed(reply(secret)))] = n, "whisper"
            await asyncio.sleep(0.05)

    asked = {**options, **({"root": roots[options["root"]]} if "root" in options else {})}
    found: list[tuple[int, str]] = []
    async with (
        asyncio.timeout(PATIENCE_S),
        suite.client.source("indexing", method, asked) as stream,
    ):
        saying = asyncio.create_task(say())
        async for batch in stream:
            items = batch.json()
            found += [named[one["key"] if isinstance(one, dict) else one] for one in items]
            if len(found) > 2 * len(told):
                break
        saying.cancel()
    rounds = [n for n, _ in found]
    whole = [name for n, name in found if n == rounds[0] + 1] if rounds[0] else [found[0][1]]
    assert whole == told
