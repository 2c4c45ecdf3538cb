"""Private groups as the service tells of them, whatever comes first: key, message, or the one that began the group."""

import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest

from common.bus import BusError
from common.crypto.keys import generate
from common.feed import groups
from common.feed.box2_keys import direct_keys, own_key, self_key
from common.feed.groups import key_text
from common.refs import message_id
from common.store import open_memory
from services.indexing.boxes import Boxes
from services.indexing.model.index import BOTH, Index
from services.indexing.model.shelf import FAMILIES
from services.indexing.views import VIEWS
from tests.support.group_suite import FRIEND, KEY, OURS, GroupSuite, Town, group_suite
from tests.support.waiting import until

OTHER = "%" + "A" * 43 + "=.cloaked"


def _text(item: dict[str, Any]) -> str | None:
    content = item.get("value", item).get("content")
    return content.get("text") if isinstance(content, dict) else None


async def _authors(suite: GroupSuite, name: str) -> list[str]:
    authors: list[str] = await suite.call("tribes.listAuthors", name)
    return authors


async def test_what_was_said_before_the_key_came_is_opened_then(tmp_path: Path) -> None:
    town = Town()
    name, root = town.begin()
    said = [town.say(name, root, root, type="post", text=str(n)) for n in range(3)]
    async with group_suite(town, tmp_path) as suite:
        await suite.folded()
        assert await suite.call("tribes.list") == []
        await suite.opened(0)
        town.invite(name, root)
        await suite.opened(5)
        assert await suite.call("tribes.list") == [name]
        told = await suite.call("tribes.get", name)
        key = {
            "key": {"type": "Buffer", "data": list(KEY)},
            "scheme": "envelope-large-symmetric-group",
        }
        assert told == {"readKeys": [key], "writeKey": key, "root": root, "groupId": name}
        assert await _authors(suite, name) == [OURS.id]
        slots = await suite.call("groups.slots", {"recps": [name], "tangles": ["group"]})
        assert slots["slots"] == [[key_text(KEY), "envelope-large-symmetric-group"]]
        assert slots["tangles"]["group"]["root"] == root
        assert set(slots["tangles"]["group"]["previous"]) > set(said)
        assert await suite.check() == []
        assert town.storage.keys == {"groups": [key_text(KEY)], "poBoxes": {}}
        town.storage.keys = {}
        town.storage.interrupt()
        await until(lambda: bool(town.storage.keys))


async def test_who_follows_is_told_of_what_is_opened_late(tmp_path: Path) -> None:
    town = Town()
    name, root = town.begin()
    told: dict[str, list[str | None]] = {}

    async def follow(method: str, asked: dict[str, Any]) -> None:
        heard = told.setdefault(method, [])
        async with suite.client.source("indexing", method, asked) as stream:
            async for batch in stream:
                heard += [_text(item) for item in batch.json() if "sync" not in item]

    async with group_suite(town, tmp_path) as suite:
        await suite.folded()
        town.say(name, root, root, type="post", text="before they asked")
        await suite.folded()
        asked: list[tuple[str, dict[str, Any]]] = [
            (
                "query.read",
                {"query": [{"$filter": {"timestamp": {"$gt": 0}}}], "live": True},
            ),
            ("messagesByType", {"type": "post", "live": True, "private": True}),
        ]
        tasks = [asyncio.create_task(follow(*one)) for one in asked]
        town.write(FRIEND, {"type": "post", "text": "in between"})
        await until(lambda: "in between" in told.get("messagesByType", []))
        await until(lambda: told.get("query.read"))
        town.say(name, root, root, type="post", text="while they did")
        town.invite(name, root)
        await suite.opened(4)
        expected = ["before they asked", "while they did"]
        await until(lambda: set(expected) <= set(told["query.read"]))
        await until(lambda: set(expected) <= set(told["messagesByType"]))
        assert [text for text in told["messagesByType"] if text in expected] == expected
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_group_has_its_name_when_its_first_message_is_here(tmp_path: Path) -> None:
    town, late = Town(), Town()
    name, root = late.begin()
    late.say(name, root, root, type="post", text="hi")
    town.write(FRIEND, {"type": "post"})
    other = generate(b"2" * 32)
    update = {"root": root, "previous": [root]}
    said = groups.add_member(name, KEY, root, [OURS.id], None)
    said["tangles"] = {"group": update, "members": update}
    town.write(other, said, direct_keys(other, OURS.id)[:1])
    async with group_suite(town, tmp_path) as suite:
        await suite.opened(1)
        assert await suite.call("tribes.list") == []
        for record in late.storage.records:
            town.storage.push(record)
        await suite.opened(3)
        assert await suite.call("tribes.list") == [name]


async def test_keys_and_what_they_open_are_there_after_a_restart(tmp_path: Path) -> None:
    town, store = Town(), open_memory(FAMILIES)
    name, root = town.begin()
    town.say(name, root, root, type="post", text="before")
    town.invite(name, root)
    async with group_suite(town, tmp_path, store) as suite:
        await suite.opened(3)
        positions = suite.index.positions()
    town.say(name, root, root, type="post", text="after")
    async with group_suite(town, tmp_path, store) as suite:
        assert suite.index.positions() == positions
        await suite.opened(4)
        assert await suite.call("tribes.list") == [name]
        assert await suite.check() == []


async def test_who_was_killed_before_all_was_tried_tries_it_after_the_restart(
    tmp_path: Path,
) -> None:
    town, store = Town(), open_memory(FAMILIES)
    name, root = town.begin()
    town.say(name, root, root, type="post")
    town.invite(name, root)
    killed = Index(store, VIEWS, OURS.id, 2, Boxes(OURS).opens)
    killed.fold(1, town.storage.records)
    assert [n for n in (1, 2, 3) if killed.kept(n)] == [3]
    async with group_suite(town, tmp_path, store) as suite:
        await suite.opened(3)
        assert await suite.check() == []


async def test_a_deleted_message_is_gone_though_the_key_that_opened_it_is_too(
    tmp_path: Path,
) -> None:
    town, store = Town(), open_memory(FAMILIES)
    name, root = town.begin()
    town.invite(name, root)
    town.say(name, root, root, type="post")
    async with group_suite(town, tmp_path, store) as suite:
        await suite.opened(3)
    keyless = Index(store, VIEWS, OURS.id, 2, Boxes(OURS).opens)
    keyless.erase(1, [(3, town.storage.records[2])])
    left = [row for view in VIEWS for row in keyless.scan(view.name, spaces=BOTH)]
    assert not [row for row in left if row.position == 3]
    assert keyless.kept(2)


async def test_everything_is_found_again_from_the_log(tmp_path: Path) -> None:
    town = Town()
    name, root = town.begin()
    town.say(name, root, root, type="post")
    town.invite(name, root)
    for folder in (tmp_path, tmp_path / "empty"):
        async with group_suite(town, folder) as suite:
            await suite.opened(3)
            assert await suite.call("tribes.list") == [name]


async def test_what_was_registered_is_kept_beside_the_log(tmp_path: Path) -> None:
    town = Town()
    name, root = town.begin()
    town.say(name, root, root, type="post")
    async with group_suite(town, tmp_path) as suite:
        await suite.folded()
        assert (
            await suite.call("tribes.register", name, {"key": key_text(KEY), "root": root}) is None
        )
        assert await suite.call("tribes.registerAuthors", name, [FRIEND.id]) is True
        await suite.opened(2)
        box = await suite.call("tribes.poBox.create", {})
        assert box["poBoxKey"] == {"type": "Buffer", "data": list(b"e" * 32)}
    file = tmp_path / "scuttlebot" / "group-keys.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert box["poBoxId"] in orjson.loads(file.read_bytes())["po_boxes"]
    async with group_suite(town, tmp_path) as suite:
        await suite.opened(2)
        assert await suite.call("tribes.list") == [name]
        assert await _authors(suite, name) == [FRIEND.id]
    file.write_bytes(b"{")
    async with group_suite(town, tmp_path) as suite:
        assert await suite.call("tribes.list") == []
    assert file.with_suffix(".damaged").exists()


async def test_who_left_is_no_author_any_more_and_we_do_not_write_when_it_was_us(
    tmp_path: Path,
) -> None:
    town, store = Town(), open_memory(FAMILIES)
    name, root = town.begin()
    invited = town.invite(name, root)
    update = {"root": root, "previous": [invited]}
    content = groups.exclude_member(name, [OURS.id])
    del content["tangles"], content["recps"]
    town.say(name, root, invited, **content, tangles={"members": update})
    for _ in range(2):
        async with group_suite(town, tmp_path, store) as suite:
            await suite.opened(3)
            assert await suite.call("tribes.list") == []
            told = await suite.call("tribes.get", name)
            assert (told.get("excluded"), "writeKey" in told) == (True, False)
            assert await _authors(suite, name) == []
            with pytest.raises(BusError, match="unknown groupId"):
                await suite.call("groups.slots", {"recps": [name]})


async def test_links_and_post_boxes(tmp_path: Path) -> None:
    town = Town()
    name, root = town.begin()
    invited = town.invite(name, root)
    beginning = {"link": {"root": None, "previous": None}}

    def link(kind: str, parent: str, child: str, **more: Any) -> str:
        said = groups.link(kind, parent, child, []) | more
        del said["recps"], said["tangles"]
        return town.say(name, root, invited, **said, tangles=beginning)

    mine = link(groups.FEED_LINK, FRIEND.id, name, name={"set": "garden"})
    link(groups.FEED_LINK, OURS.id, name)
    part = link(groups.SUBGROUP_LINK, name, OTHER, admin={"set": True})
    link(groups.SUBGROUP_LINK, name, OTHER)
    async with group_suite(town, tmp_path) as suite:
        await suite.opened(6)
        assert await suite.call("tribes.findByFeedId", FRIEND.id) == [
            {
                "groupId": name,
                "recps": [name],
                "states": [{"head": mine, "state": {"name": "garden"}}],
            }
        ]
        assert await suite.call("tribes.findByFeedId", OURS.id) == []
        found = {
            "linkId": part,
            "groupId": name,
            "subGroupId": OTHER,
            "admin": True,
            "recps": [name],
        }
        assert await suite.call("tribes.findSubGroupLinks", name) == [found]
        assert await suite.call("tribes.subtribe.findParentGroupLinks", OTHER) == [found]
        with pytest.raises(BusError, match="no poBox found for this group"):
            await suite.call("tribes.poBox.get", name)
        key = {"key": key_text(b"a" * 32), "root": root}
        await suite.call("tribes.register", OTHER, key)
        assert await suite.call("tribes.list") == [name]
        assert await suite.call("tribes.list", {"subtribes": True}) == [name, OTHER]
        assert (await suite.call("tribes.get", OTHER))["parentGroupId"] == name


@pytest.mark.parametrize(
    ("method", "args", "text"),
    [
        ("tribes.get", ["foo"], r"unknown groupId foo\)"),
        ("tribes.get", [], "unknown groupId"),
        ("tribes.register", ["foo", {}], "expected a groupId, got foo"),
        ("tribes.register", [OTHER, {"key": "AAA"}], "expected buffer of length 32 bytes"),
        ("tribes.register", [OTHER, {"key": key_text(KEY), "root": 1}], "expected a message"),
        ("tribes.registerAuthors", [OTHER, ["foo"]], "expected an array of feeds"),
        ("tribes.findByFeedId", ["foo"], "requires a valid feedId"),
        (
            "tribes.findSubGroupLinks",
            ["foo"],
            "findLinks expected a groupId for parent, got foo instead",
        ),
        ("tribes.poBox.get", [OTHER], "unknown groupId"),
        ("groups.slots", [{}], "expected"),
        ("groups.slots", [{"recps": ["nobody"]}], "Unsupported recipient: nobody"),
        ("groups.note", [{"id": OTHER}], "expected"),
    ],
)
async def test_what_is_refused(tmp_path: Path, method: str, args: list[Any], text: str) -> None:
    async with group_suite(Town(), tmp_path) as suite:
        with pytest.raises(BusError, match=text) as refused:
            await suite.call(method, *args)
        assert refused.value.fault == "caller"


async def test_another_key_of_our_own_opens_what_was_sealed_with_it_and_is_kept(
    tmp_path: Path,
) -> None:
    town, key = Town(), b"s" * 32
    town.write(OURS, {"type": "post", "recps": [OURS.id]}, [self_key(key)])
    town.write(OURS, {"type": "post", "recps": [OURS.id]}, [own_key(OURS)])
    async with group_suite(town, tmp_path) as suite:
        await suite.opened(1)
        await suite.call("tribes.ownKeys.register", key_text(key))
        await suite.opened(2)
        for wrong in ("AAAA", None, {"type": "Buffer", "data": 1 << 40}):
            with pytest.raises(BusError, match="expected buffer"):
                await suite.call("tribes.ownKeys.register", wrong)
        with pytest.raises(BusError, match="no bytes"):
            await suite.call("tribes.ownKeys.register", {"type": "Buffer", "data": [256] * 32})
        await suite.call("tribes.ownKeys.register", {"type": "Buffer", "data": [*key]})
    async with group_suite(town, tmp_path) as suite:
        await suite.opened(2)
        [told] = await suite.call("tribes.ownKeys.list")
        assert bytes(told["key"]["data"]) == key


async def test_our_own_key_is_told(tmp_path: Path) -> None:
    async with group_suite(Town(), tmp_path) as suite:
        [key] = await suite.call("tribes.ownKeys.list")
        assert key["scheme"] == "envelope-symmetric-key-for-self"
        assert len(key["key"]["data"]) == 32
        slots = await suite.call("groups.slots", {"recps": [OURS.id, FRIEND.id]})
        assert [scheme for _, scheme in slots["slots"]] == [
            "envelope-symmetric-key-for-self",
            "envelope-id-based-dm-converted-ed25519",
        ]
        await suite.call(
            "groups.note", {"id": OTHER, "key": key_text(KEY), "root": message_id(b"r" * 32)}
        )
        assert await suite.call("tribes.list") == [OTHER]
