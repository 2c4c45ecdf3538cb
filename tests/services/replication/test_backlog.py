import asyncio

from services.replication.backlog import Backlog


async def test_the_newest_word_on_each_subject_is_told_in_their_order() -> None:
    backlog = Backlog()
    reading = asyncio.ensure_future(backlog.take(2))
    await asyncio.sleep(0)
    for subject, item in ((1, "a"), (2, "b"), (1, "c"), (3, "d")):
        backlog.put(subject, item)
    assert await reading == ["b", "c"]
    assert await backlog.take(2) == ["d"]
    again = asyncio.ensure_future(backlog.take(2))
    await asyncio.sleep(0)
    assert not again.done()
    backlog.put(1, "e")
    assert await again == ["e"]
