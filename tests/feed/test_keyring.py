from typing import Any

import pytest

from common.crypto import sodium
from common.crypto.envelope import SlotKey
from common.crypto.keys import Keys, generate
from common.feed import box2
from common.feed.keyring import MAX_GIVEN, MAX_OF_ONE, Group, Keyring, NoSlot
from common.refs import FeedId, MessageId, bfe, feed_id, message_id

ALICE, BOB = (generate(name * 32) for name in (b"a", b"b"))
NAME = "%" + "A" * 43 + "=.cloaked"
ROOT = MessageId(message_id(b"r" * 32))
GROUP = Group(b"g" * 32, ROOT)
CONTENT: Any = {"type": "post", "text": "hi"}
SECRET = b"s" * 32
PO_BOX = bfe.po_box(sodium.scalarmult_base(SECRET))


def _written(author: Keys, slots: list[SlotKey], previous: str | None = None) -> dict[str, Any]:
    context = box2.context_of(author.id, None if previous is None else MessageId(previous))
    boxed = box2.seal(CONTENT, context, b"k" * 32, slots)
    return {"author": author.id, "previous": previous, "content": boxed}


def _opens(ring: Keyring, value: dict[str, Any]) -> bool:
    opened = ring.opens(value)
    assert opened is None or opened.content == CONTENT
    return opened is not None


def test_who_writes_a_direct_message_reads_it_too() -> None:
    alice, bob = Keyring(ALICE), Keyring(BOB)
    value = _written(ALICE, alice.slot_keys([ALICE.id, BOB.id]), ROOT)
    assert _opens(alice, value)
    assert _opens(bob, value)
    assert not _opens(Keyring(generate(b"e" * 32)), value)


def test_a_group_is_read_by_who_has_its_key_and_written_by_who_knows_its_name() -> None:
    alice, bob = Keyring(ALICE), Keyring(BOB)
    alice.add_group(NAME, GROUP)
    value = _written(ALICE, alice.slot_keys([NAME]))
    assert not _opens(bob, value)
    assert bob.add_reading(GROUP.key, ALICE.id)
    assert _opens(bob, value)
    with pytest.raises(NoSlot, match="unknown groupId"):
        bob.slot_keys([NAME])


def test_a_group_that_was_left_is_still_read() -> None:
    ring = Keyring(ALICE)
    ring.add_group(NAME, GROUP)
    value = _written(BOB, ring.slot_keys([NAME]))
    ring.left.add(NAME)
    assert _opens(ring, value)
    with pytest.raises(NoSlot):
        ring.slot_keys([NAME])


def test_a_post_box_is_written_to_by_anybody_and_read_by_who_has_its_secret() -> None:
    bob, ring = Keyring(BOB), Keyring(ALICE)
    value = _written(BOB, bob.slot_keys([PO_BOX, BOB.id]))
    assert _opens(bob, value)
    assert not _opens(ring, value)
    assert ring.add_po_box(PO_BOX, SECRET)
    assert _opens(ring, value)


def test_another_key_of_our_own_leaves_the_old_one_open() -> None:
    ring = Keyring(ALICE)
    before = _written(ALICE, ring.slot_keys([ALICE.id]))
    ring.set_own(b"o" * 32)
    after = _written(ALICE, ring.slot_keys([ALICE.id]))
    assert _opens(ring, before)
    assert _opens(ring, after)
    assert not _opens(Keyring(ALICE), after)


def test_the_fingerprint_tells_whether_anything_else_can_be_opened() -> None:
    ring = Keyring(ALICE)
    seen = {ring.fingerprint()}
    ring.add_reading(b"1" * 32, BOB.id)
    seen.add(ring.fingerprint())
    ring.add_po_box(PO_BOX, SECRET)
    seen.add(ring.fingerprint())
    ring.set_own(b"o" * 32)
    seen.add(ring.fingerprint())
    assert len(seen) == 4
    assert not ring.add_reading(b"1" * 32, BOB.id)
    assert ring.fingerprint() in seen


def test_nobody_else_can_give_us_keys_without_end() -> None:
    ring = Keyring(ALICE)
    given = [ring.add_reading(n.to_bytes(32), BOB.id) for n in range(1, MAX_OF_ONE + 3)]
    assert sum(given) == MAX_OF_ONE
    assert ring.add_reading(b"x" * 32, FeedId(feed_id(b"c" * 32)))
    for n in range(MAX_GIVEN):
        ring.add_reading(n.to_bytes(31) + b"n", FeedId(feed_id(n.to_bytes(32))))
    assert len(list(ring.reading)) == MAX_GIVEN
    assert ring.add_reading(b"y" * 32, ALICE.id)


@pytest.mark.parametrize(
    "recipients",
    [
        [],
        [BOB.id] * 17,
        [BOB.id, NAME],
        ["nobody"],
        [None],
        [feed_id(bytes(32))],
    ],
)
def test_who_has_no_slot(recipients: list[object]) -> None:
    ring = Keyring(ALICE)
    ring.add_group(NAME, GROUP)
    with pytest.raises(NoSlot):
        ring.slot_keys(recipients)


@pytest.mark.parametrize("content", ["AAAA.box", ".box2", "AAAA.box2", {"type": "post"}])
def test_what_is_no_envelope_for_us(content: object) -> None:
    value = {"author": BOB.id, "previous": None, "content": content}
    assert Keyring(ALICE).opens(value) is None
