"""private-group-spec: keys of direct messages and post boxes, ids of groups, opened messages."""

from binascii import a2b_base64
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from common.crypto import keys, sodium
from common.crypto.envelope import SlotKey
from common.crypto.shared_key import DIRECT, PO_BOX, Exchange, Side, shared_keys
from common.feed import box2, groups
from common.feed.box2_keys import direct_keys, group_key, po_box_keys, po_box_keys_inside
from common.feed.keyring import Keyring
from common.refs import bfe
from common.refs.ids import FeedId, MessageId
from common.refs.uris import to_feed, to_message
from tests.vectors.cases import by_op, read_single
from tests.vectors.registry import Check

Fields = dict[str, Any]


def _bytes(fields: Fields, name: str) -> bytes:
    return a2b_base64(fields[name])


def _shared(exchange: Exchange, theirs: tuple[str, str], case: Fields) -> None:
    given, wanted = case["input"], case["output"]
    mine = Side(_bytes(given, "my_dh_public"), _bytes(given, "my_feed_id"))
    other = Side(_bytes(given, theirs[0]), _bytes(given, theirs[1]))
    found, *_ = shared_keys(exchange, _bytes(given, "my_dh_secret")[2:], mine, other)
    assert found.key == _bytes(wanted, "shared_key")
    assert found.scheme.encode() == _bytes(wanted, "key_scheme")


def _feed(text: str) -> FeedId:
    return to_feed(text) or FeedId(text)


def _message(text: str | None) -> MessageId | None:
    return (text and (to_message(text) or MessageId(text))) or None


def _group(uri: str) -> str:
    """A group's id with its sigil: what the envelopes of all files hold, also of those that list URIs."""
    safe = uri.removeprefix("ssb:identity/group/")
    return uri if safe == uri else f"%{safe.replace('-', '+').replace('_', '/')}.cloaked"


def _group_id(case: Fields) -> None:
    given, init = case["input"], case["input"]["group_init_msg"]
    value, key = init["value"], _message(init["key"])
    assert key is not None
    context = box2.context_of(_feed(value["author"]), _message(value["previous"]))
    group = group_key(_bytes(given, "group_key"))
    read = box2.find_key(value["content"], context, [group], box2.GROUP_SLOTS)
    assert read is not None
    found = box2.group_id(key, read.reading)
    assert found == _group(case["output"]["group_id"])


def _unbox(case: Fields) -> None:
    given = case["input"]
    trials = [SlotKey(_bytes(one, "key"), one["scheme"]) for one in given["trial_keys"]]
    contents = []
    for message in given["msgs"]:
        value = message["value"]
        context = box2.context_of(_feed(value["author"]), _message(value["previous"]))
        opened = box2.unbox(value["content"], context, trials, box2.GROUP_SLOTS)
        contents.append(opened and opened.content)
    assert contents == [
        content | {"recps": [_group(one) for one in content["recps"]]}
        for content in case["output"]["msgsContent"]
    ]


_CHECKS: dict[str, Callable[[Fields], None]] = {
    "direct_message_shared_key": partial(_shared, DIRECT, ("your_dh_public", "your_feed_id")),
    "po_box_key": partial(_shared, PO_BOX, ("po_box_dh_public", "po_box_id")),
    "group_id": _group_id,
    "unbox": _unbox,
}


def _run(file: Path) -> Iterator[tuple[str, Check]]:
    case = read_single(file)
    yield case["description"], partial(_CHECKS[case["type"]], case)


def _shared_keys(case: Fields) -> None:
    one, other = (keys.generate(bytes.fromhex(case[name])) for name in ("seed_a_hex", "seed_b_hex"))
    assert (one.id, other.id) == (case["a"], case["b"])
    for mine, theirs, name in ((one, other, "direct_key_hex"), (other, one, "direct_key_back_hex")):
        direct = direct_keys(mine, theirs.id)
        assert direct[0].key.hex() == case[name]
    secret = bytes.fromhex(case["po_box_secret_hex"])
    assert bfe.po_box(sodium.scalarmult_base(secret)) == case["po_box"]
    assert po_box_keys(one, case["po_box"])[0].key.hex() == case["po_box_key_hex"]
    assert po_box_keys_inside(secret, one.id)[0].key.hex() == case["po_box_key_hex"]


def _conversation(case: Fields) -> None:
    """Read as messages come, then once more with the keys that they told."""
    ring = Keyring(keys.generate(bytes.fromhex(case["seed_hex"])))
    read: list[Any] = []
    for messages in (case["messages"], case["messages"]):
        read = []
        for message in messages:
            opened = ring.opens(message["value"])
            read.append(opened and opened.content)
            if opened and (added := groups.added(opened.content)):
                ring.add_reading(added.key, message["value"]["author"])
            if opened and (box := groups.po_box_of(opened.content)):
                assert ring.add_po_box(*box) or box[0] == case["po_box"]
    assert read == [message["content"] for message in case["messages"]]
    first = case["messages"][0]
    opened = ring.opens(first["value"])
    assert opened is not None
    assert box2.group_id(MessageId(first["key"]), opened.slot) == case["group"]


RUNNERS = {
    "private-group/generated-*.json": by_op(
        {"shared-keys": _shared_keys, "conversation": _conversation}
    ),
    "private-group/*.json": _run,
}
