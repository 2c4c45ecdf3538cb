"""Which feeds may go, and since when they may."""

from typing import Any

from common.refs import FeedId, feed_id
from services.api.retention import DAY_MS, Memory, look

OWN, NEAR, FAR, BLOCKED, ASKED, GONE = (FeedId(feed_id(bytes([n]) * 32)) for n in range(6))
HEADS = {OWN: 5, NEAR: 4, FAR: 3, BLOCKED: 2, ASKED: 1, GONE: 9}
HOPS = {OWN: 0, NEAR: 1, FAR: 3, BLOCKED: -1}


def seen(memory: Memory, now: float, **changes: Any) -> dict[FeedId, float]:
    given: dict[str, Any] = {
        "heads": HEADS,
        "hops": HOPS,
        "spared": {OWN, ASKED},
        "most": 2,
        "days": 10,
    } | changes
    return {due.feed: due.at for due in look(memory, now=now, **given)}


def test_feeds_out_of_reach_go_after_some_days() -> None:
    memory = Memory()
    at = 10 * DAY_MS
    assert seen(memory, 0.0) == {FAR: at, BLOCKED: at, GONE: at}
    near = HOPS | {FAR: 2}
    assert seen(memory, 5.0, hops=near) == {BLOCKED: at, GONE: at}
    assert seen(memory, 7.0) == {BLOCKED: at, GONE: at, FAR: at + 7}


def test_a_deleted_feed_goes_again_only_when_there_is_more_of_it() -> None:
    memory = Memory(deleted={FAR: 3, GONE: 8})
    assert set(seen(memory, 0.0)) == {BLOCKED, GONE}
    assert memory.deleted == {FAR: 3}


def test_nothing_goes_while_the_graph_is_not_known() -> None:
    memory = Memory(since={FAR: 1.0})
    assert seen(memory, 1e15, hops={OWN: 0}) == {}
    assert memory.since == {FAR: 1.0}


def test_what_is_told_says_how_far_and_how_much() -> None:
    found = look(Memory(), HEADS, HOPS, {OWN}, most=2, days=1, now=5.0)
    assert (found[0].at, found[0].since) == (5.0 + DAY_MS, 5.0)
    told = {due.feed: (due.messages, due.hops) for due in found}
    assert told == {FAR: (3, 3), BLOCKED: (2, -1), ASKED: (1, None), GONE: (9, None)}
