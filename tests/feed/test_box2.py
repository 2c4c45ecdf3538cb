from common.crypto import sodium
from common.crypto.keys import generate
from common.feed import box2
from common.feed.box2_keys import direct_keys, group_key, own_key, po_box_keys, po_box_keys_inside
from common.feed.json import Json
from common.refs import bfe, feed_id, message_id

ALICE, BOB, EVE = (generate(name * 32) for name in (b"a", b"b", b"e"))
CONTENT: Json = {"type": "post", "text": "grüße"}
PREVIOUS = message_id(b"p" * 32)
CONTEXT = box2.context_of(ALICE.id, PREVIOUS)


def test_a_direct_message_opens_for_both_and_nobody_else() -> None:
    boxed = box2.seal(CONTENT, CONTEXT, b"k" * 32, [own_key(ALICE), direct_keys(ALICE, BOB.id)[0]])
    assert boxed.endswith(".box2")
    for keys in ([own_key(ALICE)], direct_keys(BOB, ALICE.id)):
        opened = box2.unbox(boxed, CONTEXT, keys)
        assert opened is not None
        assert opened.content == CONTENT
        assert box2.unbox_with_key(boxed, CONTEXT, opened.slot) == opened
    assert box2.unbox(boxed, CONTEXT, direct_keys(EVE, ALICE.id)) is None


def test_a_group_is_named_by_its_first_message_and_what_reads_it() -> None:
    boxed = box2.seal({"type": "group/init"}, CONTEXT, b"k" * 32, [group_key(b"g" * 32)])
    found = box2.find_key(boxed, CONTEXT, [group_key(b"g" * 32)], box2.GROUP_SLOTS)
    assert found is not None
    name = box2.group_id(message_id(b"m" * 32), found.reading)
    assert name.endswith(".cloaked")
    assert name != box2.group_id(message_id(b"n" * 32), found.reading)


def test_a_post_box_is_written_to_by_its_id_and_read_by_its_secret() -> None:
    secret = b"s" * 32
    keys = po_box_keys(ALICE, bfe.po_box(sodium.scalarmult_base(secret)))
    boxed = box2.seal(CONTENT, CONTEXT, b"k" * 32, keys[:1])
    opened = box2.unbox(boxed, CONTEXT, po_box_keys_inside(secret, ALICE.id))
    assert opened is not None
    assert opened.content == CONTENT


def test_nobody_shares_a_key_with_what_is_no_point() -> None:
    nobody = feed_id(bytes(32))
    assert direct_keys(ALICE, nobody) == []
    assert po_box_keys_inside(b"s" * 32, nobody) == []


def test_what_is_no_json_or_no_envelope_does_not_open() -> None:
    assert box2.unbox("AAAA.box2", CONTEXT, [own_key(ALICE)]) is None
    assert box2.unbox_with_key("AAAA.box2", CONTEXT, b"r" * 32) is None
