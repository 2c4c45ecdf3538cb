"""What is deleted leaves the views, whoever is interrupted meanwhile."""

from tests.support.indexing_suite import Suite
from tests.support.waiting import until


async def told(suite: Suite, number: int) -> None:
    await until(lambda: suite.storage.told == number)


async def test_deleted_messages_leave_the_views_and_storage_hears_of_it(suite: Suite) -> None:
    for n in range(5):
        suite.storage.add(n, {"type": "post"})
    await suite.folded()
    await told(suite, 0)
    suite.storage.erase(2)
    suite.storage.erase(4)
    await told(suite, 2)
    assert suite.index.erasures == 2
    found = await suite.items("messagesByType", {"type": "post"})
    assert [item["timestamp"] for item in found] == [1001, 1003, 1005]
    assert all(one["ok"] for one in (await suite.items("views.check"))[1:])


async def test_an_interrupted_follower_goes_on_where_it_was(suite: Suite) -> None:
    for n in range(3):
        suite.storage.add(n, {"type": "post"})
    await suite.folded()
    suite.storage.erase(1)
    await told(suite, 1)
    suite.storage.interrupt()
    suite.storage.erase(3)
    await told(suite, 2)
    assert len(await suite.items("createFeedStream")) == 1
