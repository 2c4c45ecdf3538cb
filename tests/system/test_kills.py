"""Services are killed at random moments while clients publish and while views are folded: nothing is lost."""

import asyncio
import shutil
from pathlib import Path

import pytest

from tests.support.deleting import Deleter
from tests.support.killing import LONGER, Killer
from tests.support.publishing import Publisher
from tests.support.servers import OurServer
from tests.support.waiting import until
from tests.support.wholeness import SEARCH_FOLDER, VIEWS_FOLDER, check_log, check_views, own_texts

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300 * LONGER)]
IN_FLIGHT = 8
MEND_LIMIT_S = 60


async def publish_while(publisher: Publisher, killer: Killer, times: int) -> None:
    publisher.start()
    try:
        await killer.kill(times)
    finally:
        await publisher.stop()


def check(server: OurServer, publisher: Publisher) -> None:
    texts = own_texts(check_log(server.folder), server.id)
    check_views(server.folder)
    assert len(set(texts)) == len(texts)
    assert set(publisher.acknowledged) <= set(texts)
    assert publisher.acknowledged


async def test_acknowledged_messages_stay_while_services_are_killed(
    folder: Path, seed: int
) -> None:
    async with OurServer(folder / "ours") as server:
        publisher = Publisher(server, in_flight=IN_FLIGHT)
        killer = Killer(server, seed, services=("storage", "storage", "network", "api"))
        await publish_while(publisher, killer, 15)
        await until(publisher.whole, within=MEND_LIMIT_S)
    check(server, publisher)


async def test_views_agree_with_the_log_whenever_indexing_was_killed(
    folder: Path, seed: int
) -> None:
    async with OurServer(folder / "ours") as server:
        publisher = Publisher(server, in_flight=IN_FLIGHT)
        pause = (0.02, 1.2)
        await publish_while(publisher, Killer(server, seed, services=["indexing"], pause=pause), 6)
        await until(publisher.whole, within=MEND_LIMIT_S)
    check(server, publisher)
    for folded in (VIEWS_FOLDER, SEARCH_FOLDER):
        shutil.rmtree(server.folder / folded)
    async with OurServer(server.folder, port=server.port) as again:
        both = ("indexing", "indexing", "storage")
        await Killer(again, seed, services=both, pause=(0.05, 0.9)).kill(8)
        await until(publisher.whole, within=MEND_LIMIT_S)
    check(server, publisher)


async def test_what_is_deleted_is_gone_everywhere_whoever_is_killed(
    folder: Path, seed: int
) -> None:
    async with OurServer(folder / "ours") as server:
        publisher = Publisher(server, in_flight=IN_FLIGHT)
        deleter = Deleter(publisher, seed)
        running = asyncio.create_task(deleter.run())
        try:
            victims = ("storage", "indexing")
            await Killer(server, seed, services=victims, pause=(0.05, 1.0)).kill(12)
        finally:
            deleter.stop()
            await running
        await until(deleter.finish, within=MEND_LIMIT_S)

        async def taken_out() -> bool:
            status = await publisher.ask("status")
            return status is not None and "erasing" not in status["services"]["storage"]

        await until(taken_out, within=MEND_LIMIT_S)
        await until(publisher.whole, within=MEND_LIMIT_S)
    records = check_log(server.folder)
    check_views(server.folder)
    texts = own_texts(records, server.id)
    assert deleter.deleted
    assert not set(texts) & set(deleter.deleted.values())
    assert set(deleter.kept.values()) <= set(texts)
