"""Private groups between ours and npm's ssb-tribes, over real replication: begun on one side, read and written on both."""

import asyncio
import random
import shutil
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.support.driver import PEERS_TRIBES, CallError, Driver
from tests.support.mesh import follow_each_other, running
from tests.support.node_packages import install
from tests.support.servers import CompactServer, Server, TribesServer
from tests.support.waiting import until

pytestmark = pytest.mark.interop
WITHIN_S = 60
COUNT = 200
AT_ONCE = 20
READING = (
    "tribes.get",
    "tribes.listAuthors",
    "tribes.findByFeedId",
    "tribes.findSubGroupLinks",
    "tribes.subtribe.findParentGroupLinks",
    "tribes.poBox.get",
)
ODD = ("x", "%x.cloaked")
"""An empty text, or what is no text, ends the reference."""
VIEWS = Path("scuttlebot", "views")


class Member:
    """A client of either kind of server."""

    def __init__(self, server: Server, client: Driver) -> None:
        self.id = server.id
        self.call = client.call
        self._client = client
        self._theirs = isinstance(server, TribesServer)

    async def say(self, text: str, *recipients: str) -> None:
        """Publishes in an envelope."""
        ours = "publish" if recipients[0].endswith(".cloaked") else "tribes.publish"
        method = "tribesPublish" if self._theirs else ours
        await self.call(method, {"type": "post", "text": text, "recps": list(recipients)})

    async def texts(self) -> set[str]:
        """What it could read of all that was said in envelopes."""
        if self._theirs:
            items = await self._client.collect("opened")
        else:
            items = await self._client.collect("messagesByType", {"type": "post", "private": True})
        contents = [item["value"]["content"] for item in items]
        return {content["text"] for content in contents if content["type"] == "post"}

    async def told(self, method: str, *args: object) -> Any:
        """What a method answers, an error as its text."""
        try:
            return await self.call(method, *args)
        except CallError as error:
            return f"error: {error}"

    async def reads(self, *texts: str) -> None:
        """Waits until it could read all these."""

        async def all_there() -> bool:
            return set(texts) <= await self.texts()

        await until(all_there, within=WITHIN_S)

    async def tells(self, wanted: object, method: str, *args: object) -> None:
        """Waits until a method answers this."""

        async def does() -> bool:
            with suppress(CallError):  # it has not heard of that yet
                return bool(await self.call(method, *args) == wanted)
            return False

        await until(does, within=WITHIN_S)


Check = Callable[[str, str, Member, Member], Awaitable[None]]


async def _same(one: Member, other: Member, method: str, *args: object) -> Any:
    """Waits until both answer the same; gives that."""
    told = await one.call(method, *args)
    await other.tells(told, method, *args)
    return told


async def _same_of_hundreds(members: list[Member], groups: list[str]) -> None:
    """Both tell the same of the groups, asked with right, bent and odd arguments."""
    choice = random.Random(1)
    whole = [*groups, *(member.id for member in members), "%" + "A" * 43 + "=.cloaked"]

    def argument() -> Any:
        one = choice.choice(whole)
        bent = [one[: choice.randrange(1, len(one))], one[1:], one + "x", one.replace("A", "B", 1)]
        return choice.choice([*groups, *whole, *bent, *ODD])

    asked = [(method, argument()) for method in READING for _ in range(COUNT)]
    asked += [("tribes.list", {"subtribes": choice.choice((True, False))}) for _ in range(COUNT)]
    wrong = []
    for start in range(0, len(asked), AT_ONCE):
        part = asked[start : start + AT_ONCE]
        told = await asyncio.gather(*(member.told(*one) for one in part for member in members))
        pairs = zip(part, told[::2], told[1::2], strict=True)
        wrong += [one for one in pairs if one[1] != one[2]]
    assert not wrong, f"{len(wrong)} of {len(asked)}: {wrong[:9]}"


@pytest.mark.parametrize("began", ["ours", "theirs"])
async def test_a_group_of_both(folder: Path, began: str) -> None:
    install(PEERS_TRIBES)
    servers = [CompactServer(folder / "ours"), TribesServer(folder / "theirs")]
    async with running(*servers) as clients:
        await follow_each_other(clients, servers)
        await clients[0].call("gossip.connect", servers[1].address)
        members = [Member(*pair) for pair in zip(servers, clients, strict=True)]
        first, second = members if began == "ours" else reversed(members)

        name = (await first.call("tribes.create", {}))["groupId"]
        await first.say("before", name)
        await first.call("tribes.invite", name, [second.id], {"text": "welcome"})
        await first.say("after", name)
        await second.reads("before", "after")
        await second.tells([name], "tribes.list", {})
        await second.say("answer", name)
        await second.say("direct", second.id, first.id)
        await first.say("direct back", second.id, first.id)
        await first.reads("answer", "direct")
        await second.reads("direct back")

        assert set(await _same(first, second, "tribes.listAuthors", name)) == {first.id, second.id}
        await _same(first, second, "tribes.get", name)
        box = await first.call("tribes.addPOBox", name)
        assert (await _same(first, second, "tribes.poBox.get", name))["poBoxId"] == box
        link = await second.call("tribes.link.create", {"group": name, "name": "garden"})
        assert (link["name"], link["child"]) == ("garden", name)
        await _same(second, first, "tribes.findByFeedId", second.id)
        part = await first.call("tribes.subtribe.create", name, {"admin": True})
        [found] = await _same(first, second, "tribes.findSubGroupLinks", name)
        assert (found["subGroupId"], found["admin"]) == (part["groupId"], True)
        await _same(first, second, "tribes.subtribe.findParentGroupLinks", part["groupId"])
        told = await first.call("tribes.list", {"subtribes": True})
        assert (told, await first.call("tribes.list", {})) == ([name, part["groupId"]], [name])

        await first.call("tribes.invite", part["groupId"], [second.id], {})
        await second.tells([name, part["groupId"]], "tribes.list", {"subtribes": True})
        await _same_of_hundreds(members, [name, part["groupId"]])

        await first.call("tribes.excludeMembers", name, [second.id])
        await second.tells([], "tribes.list", {})
        assert await _same(first, second, "tribes.listAuthors", name) == [first.id]


async def test_the_views_are_found_again_from_the_log(folder: Path) -> None:
    install(PEERS_TRIBES)
    ours, theirs = CompactServer(folder / "ours"), TribesServer(folder / "theirs")
    async with theirs:
        async with running(ours) as [client]:
            here, there = Member(ours, client), Member(theirs, await theirs.client())
            await follow_each_other([client, await theirs.client()], [ours, theirs])
            await client.call("gossip.connect", theirs.address)
            name = (await there.call("tribes.create", {}))["groupId"]
            await there.call("tribes.invite", name, [here.id], {})
            own = (await here.call("tribes.create", {}))["groupId"]
            await there.say("in theirs", name)
            await here.say("in ours", own)
            await here.reads("in theirs", "in ours")
            items = await client.collect("createLogStream", {"private": True})
            opened = [item["value"]["content"] for item in items]
            said = {one.get("text") for one in opened if isinstance(one, dict)}
            assert {"in theirs", "in ours"} <= said
        shutil.rmtree(ours.folder / VIEWS)
        async with running(ours) as [client]:
            here = Member(ours, client)
            await here.reads("in theirs", "in ours")
            assert set(await here.call("tribes.list", {})) == {name, own}


async def test_both_refuse_in_the_same_words(folder: Path) -> None:
    install(PEERS_TRIBES)
    servers = [CompactServer(folder / "ours"), TribesServer(folder / "theirs")]
    async with running(*servers) as clients:
        told: list[list[str]] = []
        for client, server in zip(clients, servers, strict=True):
            name = (await client.call("tribes.create", {}))["groupId"]
            texts = []
            for method, *args in _refused(name, server.id):
                with pytest.raises(CallError) as refused:
                    await client.call(method, *args)
                texts.append(f"{method}: {str(refused.value).replace(name, 'GROUP')}")
            told.append(texts)
        ours, theirs = told
        assert ours == theirs


def _refused(name: str, feed: str) -> list[tuple[Any, ...]]:
    unknown = "%" + "A" * 43 + "=.cloaked"
    return [
        ("tribes.get", "foo"),
        ("tribes.get", unknown),
        ("tribes.invite", name, ["foo"], {}),
        ("tribes.invite", name, [feed, name], {}),
        ("tribes.invite", name, [], {}),
        ("tribes.invite", name, [feed] * 16, {}),
        ("tribes.excludeMembers", name, ["x"]),
        ("tribes.excludeMembers", name, []),
        ("tribes.link.create", {"group": "foo"}),
        ("tribes.findByFeedId", "foo"),
        ("tribes.findSubGroupLinks", "foo"),
        ("tribes.subtribe.findParentGroupLinks", "foo"),
        ("tribes.poBox.get", name),
        ("tribes.poBox.get", unknown),
        ("tribes.register", "foo", {"key": "A" * 43 + "="}),
        ("tribes.register", unknown, {"key": "AAA"}),
    ]
