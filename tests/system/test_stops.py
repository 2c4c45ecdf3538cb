"""Start, stop and restart, in any order and under full load: short, clean, and nothing is lost."""

import asyncio
import os
import random
import signal
import time
from pathlib import Path

import pytest

from services.storage.adapters.database import FOLDER
from tests.support.killing import SERVICES, service_pids
from tests.support.publishing import Publisher
from tests.support.servers import OurServer
from tests.support.waiting import until
from tests.support.wholeness import VIEWS_FOLDER, check_log, check_views, own_texts

STOP_LIMIT_S = 5
MEND_LIMIT_S = 60


async def published(server: OurServer, seconds: float) -> Publisher:
    """Publishes for a while, with readers of live streams beside it; returns while it still does."""
    publisher = Publisher(server, in_flight=32)
    publisher.start()
    await asyncio.sleep(seconds)
    return publisher


def check(server: OurServer, publisher: Publisher) -> None:
    texts = own_texts(check_log(server.folder), server.id)
    check_views(server.folder)
    assert len(set(texts)) == len(texts)
    assert publisher.acknowledged
    assert set(publisher.acknowledged) <= set(texts)


async def test_stop_under_full_load_is_short_and_clean(folder: Path) -> None:
    async with OurServer(folder / "ours") as server:
        publisher = await published(server, 1)
        async with publisher.client() as reader:
            for name in ("createLogStream", "createFeedStream"):
                reader.call("source", name, {"live": True})
            await asyncio.sleep(1)
            began = time.monotonic()
            server.process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(server.process.wait(), 10) == 0
            assert time.monotonic() - began < STOP_LIMIT_S
        await publisher.stop()
    assert "Traceback" not in (folder / "ours.log").read_text()
    async with OurServer(server.folder, port=server.port):
        await until(publisher.whole, within=MEND_LIMIT_S)
    check(server, publisher)


@pytest.mark.parametrize("spared", SERVICES)
async def test_all_services_but_one_are_killed_at_once(folder: Path, spared: str) -> None:
    async with OurServer(folder / "ours") as server:
        publisher = await published(server, 0.5)
        pids = service_pids(server.process.pid)
        assert set(pids) == set(SERVICES)
        order = [name for name in SERVICES if name != spared]
        random.shuffle(order)
        for name in order:
            os.kill(pids[name], signal.SIGKILL)
        await until(publisher.whole, within=MEND_LIMIT_S)
        before = len(publisher.acknowledged)

        async def goes_on() -> bool:
            return len(publisher.acknowledged) > before

        await until(goes_on, within=MEND_LIMIT_S)
        assert service_pids(server.process.pid)[spared] == pids[spared]
        await publisher.stop()
        await until(publisher.whole, within=MEND_LIMIT_S)
    check(server, publisher)


async def test_killed_as_a_whole_and_torn_it_goes_on(folder: Path) -> None:
    async with OurServer(folder / "ours") as server:
        publisher = await published(server, 1)
        pids = service_pids(server.process.pid).values()
        server.process.kill()
        await server.process.wait()
        await publisher.stop()

        async def gone() -> bool:
            return not any(Path(f"/proc/{pid}").exists() for pid in pids)

        await until(gone, within=MEND_LIMIT_S)
    for place in (FOLDER, VIEWS_FOLDER):
        newest = max((server.folder / place).glob("*.log"))
        newest.write_bytes(newest.read_bytes() + bytes(range(256)) * 4)
    (server.folder / "manifest.json").write_text('{"half')
    (server.folder / "run" / "settings.json").write_text('{"half')
    (server.folder / VIEWS_FOLDER / "CURRENT").unlink()
    async with OurServer(server.folder, port=server.port):
        await until(publisher.whole, within=MEND_LIMIT_S)
        assert await publisher.ask("publish", {"type": "post", "text": "after"})
        await until(publisher.whole, within=MEND_LIMIT_S)
    check(server, publisher)
    assert (server.folder / "manifest.json").read_text().startswith('{\n  "')
