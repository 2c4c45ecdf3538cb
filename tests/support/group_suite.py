"""The service `indexing` with real keys, beside a storage that is only a list of records; friends who write envelopes."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from common.bus import Method, Node
from common.crypto.envelope import SlotKey
from common.crypto.keys import Keys, generate
from common.feed import box2, groups
from common.feed.box2_keys import direct_keys, group_key
from common.feed.record import pack_record
from common.refs import MessageId, message_id
from common.store import Store, open_memory
from services.indexing.actor import methods, private_methods
from services.indexing.adapters.builder import Builder
from services.indexing.adapters.follower import Follower
from services.indexing.adapters.generations import Generations
from services.indexing.adapters.key_file import KeyFile
from services.indexing.adapters.log import Log
from services.indexing.adapters.reader import Reader
from services.indexing.adapters.search import Search
from services.indexing.adapters.unsealer import Unsealer, restore
from services.indexing.boxes import Boxes
from services.indexing.handlers.groups import GroupHandlers
from services.indexing.model.index import Index
from services.indexing.model.shelf import FAMILIES
from services.indexing.views import VIEWS
from tests.support.indexing_suite import FakeStorage
from tests.support.waiting import PATIENCE_S, until

__all__ = ["FRIEND", "KEY", "OURS", "GroupSuite", "Town", "group_suite"]

OURS, FRIEND = generate(b"o" * 32), generate(b"f" * 32)
KEY = b"g" * 32
"""The key of the friend's group."""


class Town:
    """A log that real feeds write into."""

    def __init__(self) -> None:
        self.storage = FakeStorage()
        self._last: dict[str, tuple[int, MessageId | None]] = {}

    def write(self, keys: Keys, content: Any, slots: Sequence[SlotKey] = ()) -> MessageId:
        """One more message, in an envelope where there are slots; its id is given back."""
        sequence, previous = self._last.get(keys.id, (0, None))
        if slots:
            context = box2.context_of(keys.id, previous)
            content = box2.seal(content, context, sha256(bytes([sequence])).digest(), slots)
        value = {
            "previous": previous,
            "author": keys.id,
            "sequence": sequence + 1,
            "timestamp": 1,
            "content": content,
        }
        message = orjson.dumps(value)
        key, at = sha256(message).digest(), len(self.storage.records) + 1
        self.storage.push(pack_record(key, keys.public, sequence + 1, 1000.0 + at, message))
        self._last[keys.id] = (sequence + 1, MessageId(message_id(key)))
        return MessageId(message_id(key))

    def begin(self) -> tuple[str, MessageId]:
        """The friend begins a group: its name and first message."""
        before = self._last.get(FRIEND.id, (0, None))[1]
        root = self.write(FRIEND, groups.init(), [group_key(KEY)])
        content = orjson.loads(self.storage.records[-1][81:])["content"]
        found = box2.find_key(content, box2.context_of(FRIEND.id, before), [group_key(KEY)])
        assert found is not None
        return box2.group_id(root, found.reading), root

    def invite(self, name: str, root: MessageId) -> MessageId:
        """The friend gives us the key."""
        update = {"root": root, "previous": [root]}
        said = groups.add_member(name, KEY, root, [OURS.id], "welcome")
        said["tangles"] = {"group": update, "members": update}
        return self.write(FRIEND, said, [group_key(KEY), direct_keys(FRIEND, OURS.id)[0]])

    def say(self, name: str, root: MessageId, previous: MessageId, /, **content: Any) -> MessageId:
        """The friend says something in the group."""
        tangles = {"group": {"root": root, "previous": [previous]}, **content.pop("tangles", {})}
        content |= {"recps": [name], "tangles": tangles}
        return self.write(FRIEND, content, [group_key(KEY)])


class GroupSuite:
    """The service, and a client."""

    def __init__(self, town: Town, index: Index, follower: Follower, client: Node) -> None:
        self._town = town
        self.index = index
        self._follower = follower
        self.client = client

    async def call(self, method: str, *args: object) -> Any:
        """The value of an async method."""
        return (await self.client.call("indexing", method, *args)).json()

    async def items(self, method: str, *args: object) -> list[Any]:
        """All items of a source."""
        async with self.client.source("indexing", method, *args) as stream:
            return [item async for batch in stream for item in batch.json()]

    async def folded(self) -> None:
        """Wait until the views have seen all that was written."""
        async with asyncio.timeout(PATIENCE_S):
            await self._follower.wait_for(len(self._town.storage.records))

    async def opened(self, count: int) -> None:
        """Wait until as many messages are open."""
        await until(lambda: sum(self.index.kept(n) is not None for n in range(1, 100)) == count)

    async def check(self) -> list[str]:
        """The views that are not what the log gives."""
        items = await self.items("views.check")
        return [item["view"] for item in items if "view" in item and not item["ok"]]


@asynccontextmanager
async def group_suite(
    town: Town, data: Path, store: Store | None = None
) -> AsyncIterator[GroupSuite]:
    """The service over a log, its own folder, and perhaps views that it folded before."""
    with tempfile.TemporaryDirectory(prefix="sb-", ignore_cleanup_errors=True) as folder:

        def endpoint(name: str) -> str:
            return f"ipc://{folder}/bus/{name}"

        boxes, file = Boxes(OURS), KeyFile(data)
        index = Index(store or open_memory(FAMILIES), VIEWS, OURS.id, 2, boxes.opens)
        restore(boxes, index, file.kept)
        table: dict[str, Method] = {}
        node = Node("indexing", endpoint, table, calls=("storage",))
        log = Log(node)
        follower = Follower(log, index)
        search = Search(Generations(Path(folder)), log)
        builder, unsealer = Builder(log, index, follower), Unsealer(log, index, follower, boxes)
        reader = Reader(log, index, follower)
        handlers = GroupHandlers(reader, boxes, unsealer, file, lambda n: b"e" * n)
        handled = methods(index, log, follower, builder, search, max_hops=2)
        table.update(handled | private_methods(boxes, handlers))
        client = Node("client", endpoint, calls=("indexing",))
        async with Node("storage", endpoint, town.storage.methods()), node, client:
            await client.wait_up("indexing", PATIENCE_S)
            work = (follower.follow(), builder.work(), unsealer.work(), search.work())
            tasks = [asyncio.create_task(one) for one in work]
            yield GroupSuite(town, index, follower, client)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        search.close()
