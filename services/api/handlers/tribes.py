"""Private groups, written: `tribes.create`, `invite` and the like, and `publish` for groups.

Knows that `indexing` has the keys and the tangles, and that only `storage` can seal: an envelope is bound to the message
before it. What is told of groups is answered by `indexing` itself. Called by the bus through `actor`.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from common.bus import Call, CallerError, Node, OurError
from common.crypto import sodium
from common.crypto.envelope import KEY_BYTES
from common.feed import box2, groups
from common.feed.box2_keys import group_key
from common.feed.groups import key_text
from common.refs import FeedId, MessageId, bfe
from services.api import tribes

__all__ = ["TribeHandlers"]

Item = dict[str, Any]


class TribeHandlers:
    """The methods; `own` is our feed, `entropy` draws random bytes."""

    def __init__(self, node: Node, own: FeedId, entropy: Callable[[int], bytes]) -> None:
        self._node = node
        self._own = own
        self._entropy = entropy

    async def publish(self, call: Call) -> Item:
        """`tribes.publish(content)`, for feeds too: in an envelope; and `publish(content)` for what storage sends on to us."""
        return await self.seal(call, tribes.content_of(call.args))

    async def create(self, call: Call) -> Item:
        """`tribes.create({addPOBox})`: begin a group, with us in it."""
        return await self._create(call, tribes.options_of(call.args, 0))

    async def invite(self, call: Call) -> Item:
        """`tribes.invite(id, feeds, {text})`: give feeds the key of a group, before its members."""
        key, root = await self._group(call, tribes.group_of(call.args))
        return await self.seal(call, tribes.addition(call.args, key, root))

    async def exclude(self, call: Call) -> Item:
        """`tribes.excludeMembers(id, feeds)`: ask feeds to leave a group, before its members."""
        return await self.seal(call, tribes.exclusion(call.args))

    async def link(self, call: Call) -> Item:
        """`tribes.link.create({group, name})`: tell a group that our feed belongs to it."""
        content = tribes.feed_link(call.args, self._own)
        item = await self.seal(call, content)
        return tribes.link_record(content, item["key"], self._own, "name")

    async def link_subgroup(self, call: Call) -> Item:
        """`tribes.link.createSubGroupLink({group, subGroup, admin})`: tell a group of one that is a part of it."""
        given = tribes.options_of(call.args, 0)
        parts = (given.get(name) for name in ("group", "subGroup", "admin"))
        return await self._link_subgroup(call, tribes.subgroup_link(*parts))

    async def create_subgroup(self, call: Call) -> Item:
        """`tribes.subtribe.create(id, {addPOBox, admin})`: begin a group that is a part of another."""
        parent, options = tribes.group_of(call.args), tribes.options_of(call.args, 1)
        await self._group(call, parent)
        created = await self._create(call, options)
        link = tribes.subgroup_link(parent, created["groupId"], options.get("admin"))
        await self._link_subgroup(call, link)
        return created | {"parentGroupId": parent}

    async def add_po_box(self, call: Call) -> str:
        """`tribes.addPOBox(id)`: give a group a post box."""
        return await self._add_po_box(call, tribes.group_of(call.args))

    async def _create(self, call: Call, options: Mapping[str, Any]) -> Item:
        key = self._entropy(KEY_BYTES)
        own, _ = await self._slots(call, [self._own], [])
        slot = group_key(key)
        item = await self._sealed(call, groups.init(), [[key_text(key), slot.scheme], *own])
        value, root = item["value"], item["key"]
        context = box2.context_of(value["author"], value["previous"])
        opened = box2.unbox(value["content"], context, [slot], box2.GROUP_SLOTS)
        if opened is None:
            raise OurError("the first message of the group does not open")
        name = box2.group_id(root, opened.slot)
        told = {"id": name, "key": key_text(key), "root": root}
        await self._node.call("indexing", "groups.note", told, caller=call.caller)
        await self.seal(call, groups.add_member(name, key, root, [self._own], None))
        meta = {
            "private": True,
            "originalContent": value["content"],
            "encryptionFormat": "box2",
        }
        created = {
            "groupId": name,
            "groupKey": tribes.buffer(key),
            "root": root,
            "groupInitMsg": {**item, "value": value | {"content": opened.content}, "meta": meta},
        }
        if options.get("addPOBox"):
            created["poBoxId"] = await self._add_po_box(call, name)
        return created

    async def _add_po_box(self, call: Call, name: str) -> str:
        _, root = await self._group(call, name)
        secret = self._entropy(KEY_BYTES)
        box = bfe.po_box(sodium.scalarmult_base(secret))
        _, tangles = await self._slots(call, [name], ["poBox"])
        previous = tangles["poBox"]["previous"]
        await self.seal(call, groups.po_box_update(name, root, previous, secret, box))
        return box

    async def _link_subgroup(self, call: Call, content: dict[str, Any]) -> Item:
        item = await self.seal(call, content)
        return tribes.link_record(content, item["key"], self._own, "admin")

    async def _group(self, call: Call, name: str) -> tuple[bytes, MessageId]:
        """Key (32 bytes) and first message of a group that we can write to.

        Raises:
            CallerError: there is none.
        """
        reply = await self._node.call("indexing", "tribes.get", name, caller=call.caller)
        group = reply.json()
        if "writeKey" not in group or group["root"] is None:
            raise CallerError(f"unknown groupId {name})")
        return bytes(group["writeKey"]["key"]["data"]), group["root"]

    async def seal(self, call: Call, content: dict[str, Any]) -> Item:
        """Publish content in an envelope for its `recps`, with its place in the tangles of its group."""
        slots, tangles = await self._slots(call, content["recps"], tribes.tangles_of(content))
        return await self._sealed(call, tribes.pruned(content, tangles, _shuffled), slots)

    async def _slots(
        self, call: Call, recipients: Sequence[Any], tangles: Sequence[str]
    ) -> tuple[list[list[str]], Mapping[str, Any]]:
        asked = {"recps": recipients, "tangles": tangles}
        reply = await self._node.call("indexing", "groups.slots", asked, caller=call.caller)
        answer = reply.json()
        return answer["slots"], answer["tangles"]

    async def _sealed(self, call: Call, content: object, slots: list[list[str]]) -> Item:
        asked = {"content": content, "slots": slots}
        reply = await self._node.call("storage", "publish.sealed", asked, caller=call.caller)
        item: Item = reply.json()
        return item


def _shuffled(values: Sequence[str]) -> list[str]:
    return random.sample(values, len(values))
