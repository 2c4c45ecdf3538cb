"""A large log whose views are gone: clients and peers are answered while they are folded, and kills harm nothing."""

from pathlib import Path
from typing import Any

import pytest

from common.crypto.keys import generate
from common.refs import FeedId, raw
from common.runtime.secret import load_or_create
from tests.support.killing import LONGER, Killer
from tests.support.large_log import author_of, write_log
from tests.support.peer import Peer, RefusedError
from tests.support.servers import SHS_BYTES, OurServer
from tests.support.waiting import until
from tests.support.wholeness import check_views

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300 * LONGER)]
MESSAGES = 12_000
IN_STEP_S = 240


@pytest.fixture
def server(folder: Path) -> OurServer:
    data = folder / "ours"
    data.mkdir()
    load_or_create(data / "secret")
    write_log(data, MESSAGES)
    return OurServer(data, "--force")  # a log without a word of who owns the folder


def owner_of(server: OurServer) -> Peer:
    keys = load_or_create(server.folder / "secret")
    return Peer(keys, keys.public, server.port, SHS_BYTES)


async def sync_of(owner: Peer) -> dict[str, Any]:
    status = await owner.value("status")
    sync: dict[str, Any] = status["sync"]
    return sync


async def test_clients_and_peers_are_answered_while_everything_is_folded(server: OurServer) -> None:
    async with server, owner_of(server) as owner:
        key = raw(FeedId(server.id))
        async with Peer(generate(bytes(32)), key, server.port, SHS_BYTES) as stranger:
            history = await stranger.items("createHistoryStream", {"id": author_of(1)})
        published = await owner.value("publish", {"type": "post", "text": "meanwhile"})
        assert (await sync_of(owner))["sync"] is False  # all that was answered before
        assert [message["value"]["sequence"] for message in history] == list(
            range(1, MESSAGES // 1_000 + 1)
        )
        assert published["value"]["content"]["text"] == "meanwhile"

        async def in_step() -> bool:
            return bool((await sync_of(owner))["sync"])

        await until(in_step, within=IN_STEP_S)
        [found] = await owner.items("createUserStream", {"id": server.id})
        assert found["key"] == published["key"]
    check_views(server.folder)


async def test_kills_while_the_graph_is_ahead_leave_every_view_right(
    server: OurServer, seed: int
) -> None:
    async with server:
        await Killer(server, seed, services=["indexing"], pause=(0.2, 1.2)).kill(5)

        async def in_step() -> bool:
            try:
                async with owner_of(server) as owner:
                    return bool((await sync_of(owner))["sync"])
            except (RefusedError, TimeoutError, KeyError):
                return False

        await until(in_step, within=IN_STEP_S)
    check_views(server.folder)
