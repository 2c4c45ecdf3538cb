"""Indexing is killed while a group's key comes late and what was said before is opened: all of it is, and nothing else changes."""

import os
import random
import tempfile
from pathlib import Path
from typing import Any

import pytest

from common.crypto.keys import generate
from common.feed import box2, groups, validate
from common.feed.box2_keys import direct_keys, group_key
from common.feed.create import create
from common.feed.json import Json
from common.feed.validate import Head, Verified
from common.refs import MessageId, message_id
from tests.support.killing import LONGER, Killer
from tests.support.publishing import Publisher
from tests.support.servers import OurServer
from tests.support.waiting import until
from tests.support.wholeness import check_log, check_views, keys_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300 * LONGER)]
SAID = 400
KILLS = 6
KEY = b"g" * 32
ASKED = {"type": "post", "private": True}
FRIEND = generate(b"f" * 32)


class Friend:
    """Begins a group, says much in it, and gives somebody its key in the end."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._head: Head | None = None

    def write(self, content: Json, *others: str) -> MessageId:
        slots = [group_key(KEY), *(direct_keys(FRIEND, other)[0] for other in others)]  # type: ignore[arg-type]
        previous = None if self._head is None else message_id(self._head.key)
        boxed = box2.seal(content, box2.context_of(FRIEND.id, previous), os.urandom(32), slots)
        value = create(self._head, FRIEND, None, boxed, 1.5e12 + len(self.values))
        found = validate.verify_own(value)
        assert isinstance(found, Verified)
        self._head = Head(found.key, found.sequence)
        self.values.append(value)
        return message_id(found.key)


def _said(guest: str) -> tuple[list[Any], str]:
    friend = Friend()
    root = friend.write(groups.init())
    content = friend.values[0]["content"]
    found = box2.find_key(content, box2.context_of(FRIEND.id, None), [group_key(KEY)])
    assert found is not None
    name = box2.group_id(root, found.reading)
    update: Json = {"root": root, "previous": [root]}
    for n in range(SAID):
        place = {"group": update}
        friend.write({"type": "post", "text": f"{n}", "recps": [name], "tangles": place})
    invitation = groups.add_member(name, KEY, root, [guest], None)
    friend.write(invitation | {"tangles": {"group": update, "members": update}}, guest)
    return friend.values, name


async def test_what_was_said_before_is_opened_whenever_indexing_was_killed() -> None:
    seed = int(os.environ.get("SBOT_SEED", random.randrange(1 << 32)))
    print(f"SBOT_SEED={seed}")
    with tempfile.TemporaryDirectory(prefix="sb-", ignore_cleanup_errors=True) as folder:
        async with OurServer(Path(folder) / "ours") as server:
            values, name = _said(keys_of(server.folder).id)
            publisher = Publisher(server, in_flight=1)
            async with publisher.client() as peer:
                for value in values:
                    await peer.value("add", value)
            await Killer(server, seed, services=["indexing"], pause=(0.02, 0.6)).kill(KILLS)
            await until(publisher.whole)

            async def all_open() -> bool:
                async with publisher.client() as peer:
                    return len(await peer.items("messagesByType", ASKED)) == SAID

            await until(all_open)
            assert await publisher.ask("tribes.list") == [name]
        check_log(server.folder)
        check_views(server.folder)
