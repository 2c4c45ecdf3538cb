"""Private groups as ssb-tribes 4.0.1 tells of them: what is known of them, and keys that a client gives or has made.

Knows the rows of `views/groups.py` and the keys; publishes nothing: `api` does, with the slots and tangles that it is told here.
Called by the bus through `actor`.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from common.bus import Call, CallerError
from common.crypto import sodium
from common.crypto.envelope import KEY_BYTES, SlotKey
from common.crypto.keys import read_base64
from common.feed.box2_keys import group_key
from common.feed.groups import is_group, key_of, key_text, member_ids
from common.feed.javascript import text_of
from common.feed.json import parse
from common.feed.keyring import Group, NoSlot
from common.refs import bfe, is_feed, is_message, message_id, raw
from common.store import next_prefix
from services.indexing.adapters.key_file import KeptGroup, KeyFile
from services.indexing.adapters.reader import PRIVATE, Reader
from services.indexing.adapters.unsealer import Unsealer
from services.indexing.boxes import Boxes
from services.indexing.model.tangle import tips
from services.indexing.views.groups import (
    CHILD,
    FEED,
    LEFT,
    MEMBERS,
    PARENT,
    PO_BOX,
    TANGLES,
    Groups,
    GroupTangles,
)

__all__ = ["GroupHandlers"]

MAX_REGISTERED = 10_000
"""Of groups, members or post boxes at once in the file."""

Said = dict[str, Any]


class GroupHandlers:
    """The methods; `entropy` draws random bytes."""

    def __init__(
        self,
        reader: Reader,
        boxes: Boxes,
        unsealer: Unsealer,
        file: KeyFile,
        entropy: Callable[[int], bytes],
    ) -> None:
        self._reader = reader
        self._boxes = boxes
        self._ring = boxes.ring
        self._unsealer = unsealer
        self._file = file
        self._entropy = entropy

    async def register(self, call: Call) -> None:
        """`tribes.register(id, {key, root})`: a group that a client has heard of."""
        name, given = _group_of(call, "expected a groupId, got "), _options(call, 1)
        key, root = _key(given.get("key")), given.get("root")
        if root is not None and not is_message(root):
            raise CallerError(f"expected a message for the root, got {text_of(root)}")
        kept = self._file.kept.groups
        if name not in kept and len(kept) >= MAX_REGISTERED:
            raise CallerError(f"no more than {MAX_REGISTERED} groups can be registered")
        kept[name] = KeptGroup(key_text(key), root)
        self._file.write()
        self._boxes.register(name, Group(key, root))

    async def register_authors(self, call: Call) -> bool:
        """`tribes.registerAuthors(id, feeds)`: members that a client has heard of."""
        name = _group_of(call, "expected a groupId, got ")
        feeds = member_ids(call.args[1] if len(call.args) > 1 else None)
        if feeds is None:
            raise CallerError("expected an array of feeds")
        kept = self._file.kept.authors
        known = dict.fromkeys([*kept.get(name, ()), *feeds])
        if len(known) > MAX_REGISTERED or (name not in kept and len(kept) >= MAX_REGISTERED):
            raise CallerError(f"no more than {MAX_REGISTERED} members can be registered")
        kept[name] = list(known)
        self._file.write()
        return True

    async def get(self, call: Call) -> Said:
        """`tribes.get(id)`: the keys of a group, the message that began it, and what it is a part of."""
        name = await self._known(call)
        group = self._ring.groups[name]
        key = _shown(group_key(group.key))
        told: Said = {"readKeys": [key]}
        told |= {"excluded": True} if name in self._ring.left else {"writeKey": key}
        told |= {"root": group.root, "groupId": name}
        parents = self._links(PARENT, name)
        return told | ({"parentGroupId": parents[0]["groupId"]} if parents else {})

    async def list_groups(self, call: Call) -> list[str]:
        """`tribes.list({subtribes})`: the groups that we are in, parts of others only where they are asked for."""
        await self._caught_up()
        known = [name for name in self._ring.groups if name not in self._ring.left]
        if _options(call, 0).get("subtribes"):
            return known
        return [name for name in known if not self._links(PARENT, name)]

    async def list_authors(self, call: Call) -> list[str]:
        """`tribes.listAuthors(id)`: who was added to a group, without who was asked to leave."""
        await self._caught_up()
        name = call.args[0] if call.args else None
        if not is_group(name):
            return []
        added = dict.fromkeys(self._file.kept.authors.get(str(name), ()))
        for said in self._by_members(MEMBERS, str(name), field="key"):
            added |= dict.fromkeys(said["members"])
        gone = {feed for said in self._by_members(LEFT, str(name)) for feed in said["members"]}
        return [feed for feed in added if feed not in gone]

    async def find_by_feed(self, call: Call) -> list[Said]:
        """`tribes.findByFeedId(feed)`: the groups that a feed linked itself with."""
        feed = call.args[0] if call.args else None
        if not is_feed(feed):
            raise CallerError("requires a valid feedId")
        await self._caught_up()
        return [
            {
                "groupId": said["child"],
                "recps": said["recps"],
                "states": [{"head": said["id"], "state": {"name": said["name"]}}],
            }
            for said in self._rows(FEED, feed)
        ]

    async def find_subgroups(self, call: Call) -> list[Said]:
        """`tribes.findSubGroupLinks(id)`: the links from a group to those that are a part of it."""
        name = _group_of(call, "findLinks expected a groupId for parent, got ", " instead.")
        await self._caught_up()
        return self._links(CHILD, name)

    async def find_parents(self, call: Call) -> list[Said]:
        """`tribes.subtribe.findParentGroupLinks(id)`: the links from groups that a group is a part of."""
        name = _group_of(call, "findLinks expected a groupId for child, got ", " instead.")
        await self._caught_up()
        return self._links(PARENT, name)

    async def create_po_box(self, _: Call) -> Said:
        """`tribes.poBox.create()`: a new post box, which is nobody's yet."""
        secret = self._entropy(KEY_BYTES)
        name = bfe.po_box(sodium.scalarmult_base(secret))
        if len(self._file.kept.po_boxes) >= MAX_REGISTERED:
            raise CallerError(f"no more than {MAX_REGISTERED} post boxes can be made")
        self._file.kept.po_boxes[name] = key_text(secret)
        self._file.write()
        self._boxes.post_box(name, secret)
        return {"poBoxId": name, "poBoxKey": _buffer(secret)}

    async def po_box(self, call: Call) -> Said:
        """`tribes.poBox.get(id)`: the post box of a group, with its secret."""
        name = await self._known(call)
        group = self._ring.groups[name]
        last = set(self._tips("poBox", group)) if group.root else set()
        found = [said for said in self._by_members(PO_BOX, name) if said["id"] in last]
        if not found:
            raise CallerError("no poBox found for this group")
        return {"poBoxId": found[-1]["poBoxId"], "key": found[-1]["key"]}

    async def own_keys(self, _: Call) -> list[Said]:
        """`tribes.ownKeys.list()`: the key with which we seal for ourselves."""
        return [_shown(self._ring.own[0])]

    async def register_own_key(self, call: Call) -> None:
        """`tribes.ownKeys.register(key)`: another key, in base64, to seal with for ourselves; the ones before still open."""
        key = _key(call.args[0] if call.args else None)
        kept = self._file.kept.own
        if len(kept) >= MAX_REGISTERED:
            raise CallerError(f"no more than {MAX_REGISTERED} keys can be registered")
        kept.append(key_text(key))
        self._file.write()
        self._boxes.own_key(key)

    async def slots(self, call: Call) -> Said:
        """`groups.slots({recps, tangles})`: what opens the slots of what is published, and where tangles of its group end.

        Answers `{"slots": [[key, scheme], ...], "tangles": {name: {root, previous}}}`.
        """
        given = _options(call, 0)
        recipients, wanted = given.get("recps"), given.get("tangles", [])
        if not isinstance(recipients, list) or not isinstance(wanted, list):
            raise CallerError("expected {recps: [...], tangles: [...]}")
        await self._caught_up()
        try:
            slots = self._ring.slot_keys(recipients)
        except NoSlot as error:
            raise CallerError(str(error)) from error
        tangles: Said = {}
        if is_group(recipients[0]):
            group = self._ring.groups[recipients[0]]
            if group.root is None:
                raise CallerError("nobody told which message began this group")
            for name in (one for one in wanted if one in TANGLES):
                tangles[name] = {"root": group.root, "previous": self._tips(name, group)}
        return {"slots": [[key_text(one.key), one.scheme] for one in slots], "tangles": tangles}

    async def note(self, call: Call) -> None:
        """`groups.note({id, key, root})`: a group that we began, of which the log tells already."""
        given = _options(call, 0)
        name, key, root = given.get("id"), key_of(given.get("key")), given.get("root")
        if not is_group(name) or key is None or not is_message(root):
            raise CallerError("expected {id: group, key: 32 bytes in base64, root: message}")
        self._boxes.register(str(name), Group(key, root))

    async def _caught_up(self) -> None:
        await self._reader.caught_up()
        await self._unsealer.named()

    async def _known(self, call: Call) -> str:
        await self._caught_up()
        name = call.args[0] if call.args else None
        if not isinstance(name, str) or name not in self._ring.groups:
            raise CallerError(f"unknown groupId {text_of(name)})")
        return name

    def _rows(self, kind: bytes, about: str) -> Iterator[Said]:
        start = kind + raw(about)
        for row in self._reader.scan(Groups.name, start, next_prefix(start), spaces=(PRIVATE,)):
            said = parse(row.value)
            assert isinstance(said, dict)  # noqa: S101  the view wrote it
            yield said

    def _by_members(self, kind: bytes, name: str, field: str = "by") -> Iterator[Said]:
        """What those said of a group who have its key: `by` is the key that opened it, `key` one that it holds."""
        group = self._ring.groups.get(name)
        if group is not None:
            key = key_text(group.key)
            yield from (said for said in self._rows(kind, name) if said[field] == key)

    def _links(self, kind: bytes, name: str) -> list[Said]:
        """Links with a group, one for each group at the other end."""
        found: dict[str, Said] = {}
        for said in self._rows(kind, name):
            link = {
                "linkId": said["id"],
                "groupId": said["parent"],
                "subGroupId": said["child"],
                "admin": said["admin"],
                "recps": said["recps"],
            }
            found.setdefault(said["child" if kind == CHILD else "parent"], link)
        return [*found.values()]

    def _tips(self, tangle: str, group: Group) -> list[str]:
        assert group.root is not None  # noqa: S101  asked only where it is known
        root = raw(group.root)
        start = TANGLES[tangle] + root
        rows = self._reader.scan(GroupTangles.name, start, next_prefix(start), spaces=(PRIVATE,))
        nodes = {}
        for row in rows:
            key, *previous = (row.value[at : at + 32] for at in range(0, len(row.value), 32))
            nodes[key] = previous
        return [message_id(key) for key in tips(root, nodes)]


def _options(call: Call, place: int) -> Mapping[str, Any]:
    given = call.args[place] if len(call.args) > place else None
    return given if isinstance(given, dict) else {}


def _group_of(call: Call, complaint: str, end: str = "") -> str:
    name = call.args[0] if call.args else None
    if not is_group(name):
        raise CallerError(f"{complaint}{text_of(name) if call.args else 'undefined'}{end}")
    return str(name)


def _key(given: Any) -> bytes:
    """A key in base64, or as Node writes bytes in JSON."""
    key = read_base64(given) if isinstance(given, str) else b""
    data = given.get("data") if isinstance(given, dict) else None
    if isinstance(data, list) and len(data) == KEY_BYTES:
        try:
            key = bytes(data)
        except (TypeError, ValueError) as error:
            raise CallerError("these are no bytes") from error
    if len(key) != KEY_BYTES:
        raise CallerError(f"expected buffer of length {KEY_BYTES} bytes, got {len(key)}")
    return key


def _buffer(data: bytes) -> Said:
    """Bytes as Node writes them in JSON."""
    return {"type": "Buffer", "data": list(data)}


def _shown(slot: SlotKey) -> Said:
    return {"key": _buffer(slot.key), "scheme": slot.scheme}
