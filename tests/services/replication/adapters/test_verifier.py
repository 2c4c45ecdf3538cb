"""Verification in groups: order, whose verdict is whose, streams that went away, work that fails."""

import asyncio
from collections.abc import AsyncIterator, Iterable

import pytest

from common.feed.validate import Invalid, Verified, verify_batch
from services.replication.adapters import verifier
from services.replication.adapters.verifier import Verifier
from tests.support.suite import feed_of, keys_of

X, Y = keys_of(3), keys_of(4)


@pytest.fixture(name="threads")
async def threads_to_verify() -> AsyncIterator[Verifier]:
    threads = Verifier(None)
    yield threads
    await threads.close()


@pytest.fixture(name="groups")
def sizes_of_groups(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    groups: list[int] = []

    def counted(texts: Iterable[bytes], hmac_key: bytes | None) -> list[Verified | Invalid]:
        texts = list(texts)
        groups.append(len(texts))
        return verify_batch(texts, hmac_key)

    monkeypatch.setattr(verifier, "verify_batch", counted)
    return groups


def _sequences(verdicts: list[Verified | Invalid]) -> list[int]:
    return [verdict.sequence for verdict in verdicts if isinstance(verdict, Verified)]


async def test_what_comes_from_many_streams_is_one_group(
    threads: Verifier, groups: list[int]
) -> None:
    run = feed_of(X, 10)
    verdicts = await asyncio.gather(*(threads.verify([one.compact]) for one in run))
    assert [_sequences(each) for each in verdicts] == [[n] for n in range(1, 11)]
    assert groups == [10]


async def test_a_long_group_is_shared_by_the_threads(threads: Verifier, groups: list[int]) -> None:
    run = feed_of(X, 101)
    assert _sequences(await threads.verify([one.compact for one in run])) == list(range(1, 102))
    assert sorted(groups) == [50, 51]


async def test_a_group_is_bounded(
    threads: Verifier, groups: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifier, "MAX_GROUP", 5)
    bodies = [one.compact for one in feed_of(X, 7)]
    parts = (bodies[:3], bodies[3:5], bodies[5:6], bodies)
    found = await asyncio.gather(*map(threads.verify, parts))
    assert [len(_sequences(each)) for each in found] == [3, 2, 1, 7]
    assert groups == [5, 1, 7]


async def test_a_forged_message_costs_only_who_brought_it(threads: Verifier) -> None:
    honest, other = feed_of(X, 2), feed_of(Y, 1)
    forged = other[0].compact.replace(b'"text":"0"', b'"text":"?"')
    assert forged != other[0].compact
    good, bad = await asyncio.gather(
        threads.verify([one.compact for one in honest]), threads.verify([forged])
    )
    assert _sequences(good) == [1, 2]
    assert isinstance(bad[0], Invalid)


async def test_a_stream_that_has_gone_is_left_out(threads: Verifier, groups: list[int]) -> None:
    run = feed_of(X, 3)
    first, gone, last = (asyncio.create_task(threads.verify([one.compact])) for one in run)
    await asyncio.sleep(0)
    gone.cancel()
    assert _sequences(await first) == [1]
    assert _sequences(await last) == [3]
    assert groups == [2]


async def test_what_fails_is_raised_where_it_came_from(
    threads: Verifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> list[Verified | Invalid]:
        raise MemoryError

    body = feed_of(X, 1)[0].compact
    with monkeypatch.context() as patched:
        patched.setattr(verifier, "verify_batch", broken)
        with pytest.raises(MemoryError):
            await threads.verify([body])
    assert _sequences(await threads.verify([body])) == [1]


async def test_closing_gives_up_what_waits() -> None:
    threads = Verifier(None)
    waiting = asyncio.create_task(threads.verify([feed_of(X, 1)[0].compact]))
    await asyncio.sleep(0)
    await threads.close()
    assert not waiting.done()
    waiting.cancel()
