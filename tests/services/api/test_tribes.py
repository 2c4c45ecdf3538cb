"""`tribes.*` that publish: over a bus, beside an indexing that has a ring of keys and a storage that seals."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
import zmq

from common.bus import BusError, Call, CallerError, Method, Node
from common.crypto.envelope import SlotKey
from common.crypto.keys import generate
from common.feed import box2, private
from common.feed.groups import key_of, key_text
from common.feed.keyring import Group, Keyring, NoSlot
from common.refs import MessageId, bfe, message_id
from services.api import tribes
from services.api.actor import methods
from tests.support.network_world import settings
from tests.support.waiting import PATIENCE_S

OWN = generate(b"o" * 32)
FRIEND = generate(b"f" * 32).id
GROUP = "%" + "A" * 43 + "=.cloaked"
ROOT = MessageId(message_id(b"r" * 32))


class Others:
    """What was published, opened again with the keys that were asked for."""

    def __init__(self) -> None:
        self.ring = Keyring(OWN)
        self.contents: list[Any] = []
        self.last: MessageId | None = None

    async def sealed(self, call: Call) -> Any:
        given = call.args[0]
        slots = [SlotKey(key_of(key) or b"", scheme) for key, scheme in given["slots"]]
        boxed = box2.seal(given["content"], box2.context_of(OWN.id, self.last), b"k" * 32, slots)
        value = {"previous": self.last, "author": OWN.id, "content": boxed}
        self.last = MessageId(message_id(len(self.contents).to_bytes(32)))
        opened = self.ring.opens(value)
        self.contents.append(opened and opened.content)
        return {"key": self.last, "value": value, "timestamp": 5}

    async def boxed(self, call: Call) -> Any:
        self.contents.append(call.args[0])
        return {"key": ROOT}

    async def slots(self, call: Call) -> Any:
        given = call.args[0]
        try:
            slots = self.ring.slot_keys(given["recps"])
        except NoSlot as error:
            raise CallerError(str(error)) from error
        group = self.ring.groups.get(given["recps"][0])
        place = {"root": group.root if group else None, "previous": [ROOT]}
        shown = [[key_text(one.key), one.scheme] for one in slots]
        return {"slots": shown, "tangles": {name: place for name in given["tangles"] if group}}

    async def note(self, call: Call) -> None:
        given = call.args[0]
        self.ring.add_group(given["id"], Group(key_of(given["key"]) or b"", given["root"]))

    async def get(self, call: Call) -> Any:
        group = self.ring.groups.get(call.args[0])
        if group is None:
            raise CallerError(f"unknown groupId {call.args[0]})")
        return {"writeKey": {"key": tribes.buffer(group.key)}, "root": group.root}


@asynccontextmanager
async def _suite(others: Others) -> AsyncIterator[Node]:
    document = {"services": ["storage", "indexing", "api"]}
    chosen = settings(Path("/nowhere"), **document, ooo={"timeout": 200, "hook": True})
    context: Any = zmq.Context()

    def endpoint(service: str) -> str:
        return f"inproc://{service}"

    indexing = {
        "groups.slots": Method("async", others.slots, muxrpc=False),
        "groups.note": Method("async", others.note, muxrpc=False),
        "tribes.get": Method("async", others.get),
    }
    storage = {
        "publish.sealed": Method("async", others.sealed, muxrpc=False),
        "publish": Method("async", others.boxed),
    }
    table: dict[str, Method] = {}
    node = Node("api", endpoint, table, calls=("storage", "indexing"), context=context)
    table.update(methods(node, OWN.id, chosen))
    client = Node("client", endpoint, calls=("api",), context=context)
    async with (
        Node("storage", endpoint, storage, context=context),
        Node("indexing", endpoint, indexing, context=context),
        node,
        client,
    ):
        await client.wait_up("api", PATIENCE_S)
        await node.wait_up("storage", PATIENCE_S)
        await node.wait_up("indexing", PATIENCE_S)
        yield client
    context.term()


async def _call(client: Node, method: str, *args: object) -> Any:
    return (await client.call("api", method, *args)).json()


async def test_a_group_begins_with_us_in_it() -> None:
    others = Others()
    async with _suite(others) as client:
        created = await _call(client, "tribes.create", {"addPOBox": True})
    name, key = created["groupId"], bytes(created["groupKey"]["data"])
    assert others.ring.groups == {name: Group(key, created["root"])}
    init, added, box = others.contents
    assert init == {"type": "group/init", "tangles": {"group": {"root": None, "previous": None}}}
    place = {"root": created["root"], "previous": [ROOT]}
    assert added == {
        "type": "group/add-member",
        "version": "v1",
        "groupKey": key_text(key),
        "root": created["root"],
        "tangles": {"group": place, "members": place},
        "recps": [name, OWN.id],
    }
    assert box["keys"]["set"]["poBoxId"] == created["poBoxId"]
    assert bfe.po_box_public(created["poBoxId"])
    assert created["groupInitMsg"]["value"]["content"] == init
    assert created["groupInitMsg"]["meta"]["originalContent"].endswith(".box2")


async def test_members_come_and_go_and_link_themselves() -> None:
    others = Others()
    others.ring.add_group(GROUP, Group(b"g" * 32, ROOT))
    async with _suite(others) as client:
        await _call(client, "tribes.invite", GROUP, [FRIEND], {"text": "welcome"})
        await _call(client, "tribes.excludeMembers", GROUP, [FRIEND])
        link = await _call(client, "tribes.link.create", {"group": GROUP, "name": "garden"})
        await _call(client, "publish", {"type": "post", "text": "hi", "recps": [GROUP]})
        await _call(client, "tribes.publish", {"type": "post", "recps": [OWN.id, FRIEND]})
    added, gone, linked, post, direct = others.contents
    assert (added["recps"], added["text"]) == ([GROUP, FRIEND], "welcome")
    assert (gone["excludes"], gone["recps"]) == ([FRIEND], [GROUP])
    assert set(gone["tangles"]) == {"group", "members"}
    assert linked["name"] == {"set": "garden"}
    assert link == {
        "key": message_id((2).to_bytes(32)),
        "type": "link/feed-group",
        "originalAuthor": OWN.id,
        "recps": [GROUP],
        "parent": OWN.id,
        "child": GROUP,
        "tombstone": None,
        "name": "garden",
        "conflictFields": [],
        "states": [],
    }
    assert set(post["tangles"]) == {"group"}
    assert direct == {"type": "post", "recps": [OWN.id, FRIEND]}


async def test_who_is_to_be_asked_before_is_told() -> None:
    async with _suite(Others()) as client:
        assert client.manifest("api")["publish"] == ("async", [], True, "storage")


async def test_what_is_private_goes_into_a_box_or_an_envelope_as_its_recipients_need() -> None:
    others = Others()
    others.ring.add_group(GROUP, Group(b"g" * 32, ROOT))
    content = {"type": "post", "text": "hi"}
    async with _suite(others) as client:
        await _call(client, "private.publish", content, [OWN.id, FRIEND])
        await _call(client, "private.publish", content, [GROUP, FRIEND])
    boxed, sealed = others.contents
    opened = private.unbox(boxed, private.exchange_secret(OWN))
    assert opened is not None
    assert opened.content == content
    assert (sealed["text"], sealed["recps"]) == ("hi", [GROUP, FRIEND])


async def test_a_part_of_a_group_is_linked_with_it() -> None:
    others = Others()
    others.ring.add_group(GROUP, Group(b"g" * 32, ROOT))
    async with _suite(others) as client:
        created = await _call(client, "tribes.subtribe.create", GROUP, {"admin": True})
        asked = {"group": GROUP, "subGroup": created["groupId"]}
        again = await _call(client, "tribes.link.createSubGroupLink", asked)
        box = await _call(client, "tribes.addPOBox", GROUP)
    assert created["parentGroupId"] == GROUP
    link = others.contents[2]
    assert (link["parent"], link["child"]) == (GROUP, created["groupId"])
    assert link["admin"] == {"set": True}
    assert again["admin"] is None
    assert others.contents[4]["keys"]["set"]["poBoxId"] == box


@pytest.mark.parametrize(
    ("method", "args", "text"),
    [
        ("tribes.invite", [GROUP, ["foo"], {}], r"data\.recps\.1 referenced schema does not match"),
        ("tribes.invite", [GROUP, [], {}], r"data\.recps has less items than allowed"),
        ("tribes.invite", [GROUP, [FRIEND] * 16, {}], r"data\.recps has more items than allowed"),
        ("tribes.invite", ["foo", [FRIEND], {}], r"unknown groupId foo\)"),
        ("tribes.invite", [GROUP, FRIEND], "expected an array of feeds"),
        ("tribes.invite", [GROUP, [FRIEND], {"text": 1}], "data.text is the wrong type"),
        ("tribes.excludeMembers", [GROUP, ["x"]], r'data\.excludes\["0"\] referenced schema'),
        ("tribes.excludeMembers", [GROUP, []], r"data\.excludes has less items than allowed"),
        ("tribes.link.create", [{"group": "foo"}], r"data\.child referenced schema does not match"),
        ("tribes.link.create", [{"group": GROUP, "name": 1}], "data.name is the wrong type"),
        ("tribes.link.createSubGroupLink", [{"group": 1}], r"data\.parent referenced schema"),
        ("tribes.subtribe.create", [GROUP[:-9] + "A.cloaked", {}], "unknown groupId"),
        ("tribes.addPOBox", [], "unknown groupId undefined"),
        ("tribes.publish", [{"type": "post"}], r"tribes\.publish requires content\.recps"),
        ("private.publish", [{"type": "post"}], "failed to encrypt"),
        ("private.publish", [{"type": "post"}, ["foo"]], "failed to encrypt"),
        ("private.publish", [{"type": "post"}, [FRIEND] * 8], "failed to encrypt"),
        ("private.publish", ["text", [GROUP]], "failed to encrypt"),
        ("publish", [{"type": "post", "recps": [GROUP.replace("A", "B")]}], "Unsupported|unknown"),
    ],
)
async def test_what_is_refused(method: str, args: list[Any], text: str) -> None:
    others = Others()
    others.ring.add_group(GROUP, Group(b"g" * 32, ROOT))
    async with _suite(others) as client:
        with pytest.raises(BusError, match=text) as refused:
            await _call(client, method, *args)
    assert refused.value.fault == "caller"
    assert others.contents == []


def test_so_many_tips_are_named_as_fit_in() -> None:
    tips = [message_id(n.to_bytes(32)) for n in range(200)]
    content = {"type": "post", "text": "t" * 1_000, "recps": [GROUP], "tangles": {"own": 1}}
    whole = tribes.pruned(content, {"group": {"root": ROOT, "previous": tips}}, sorted)
    kept = whole["tangles"]["group"]["previous"]
    assert 50 < len(kept) < 150
    assert set(kept) <= set(tips)
    assert len(orjson.dumps(whole)) <= tribes.MAX_UNITS
    assert whole["tangles"]["own"] == 1
    assert content["tangles"] == {"own": 1}
