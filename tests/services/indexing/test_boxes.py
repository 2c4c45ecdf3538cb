from typing import Any

from common.crypto.keys import Keys, generate
from common.crypto.private_box import ENTROPY_BYTES, Randomness
from common.feed import box2, groups, private
from common.feed.box2_keys import direct_keys, group_key
from common.feed.json import Json
from common.refs import MessageId, message_id
from services.indexing.boxes import MAX_DEPTH, Boxes

OURS, FRIEND = generate(bytes(32)), generate(b"f" * 32)
KEY, ROOT = b"g" * 32, MessageId(message_id(b"r" * 32))
CONTEXT = box2.context_of(FRIEND.id, None)
UPDATE = {"root": ROOT, "previous": [ROOT]}
TANGLES = {"tangles": {"group": UPDATE, "members": UPDATE}}


def _from_friend(content: Any, *, direct: bool = False) -> dict[str, Any]:
    slots = direct_keys(FRIEND, OURS.id)[:1] if direct else [group_key(KEY)]
    boxed = box2.seal(content, CONTEXT, b"k" * 32, slots)
    return {"author": FRIEND.id, "previous": None, "content": boxed}


INIT = _from_friend(groups.init())
FOUND = box2.find_key(INIT["content"], CONTEXT, [group_key(KEY)])
assert FOUND is not None
NAME = box2.group_id(ROOT, FOUND.reading)
INVITATION = groups.add_member(NAME, KEY, ROOT, [OURS.id], None) | TANGLES


def _boxes(keys: Keys = OURS) -> tuple[Boxes, list[str]]:
    boxes, news = Boxes(keys), list[str]()
    boxes.on_news = lambda: news.append("news")
    return boxes, news


def test_only_boxes_for_us_are_opened() -> None:
    randomness = Randomness.cut(bytes(range(256)) * (ENTROPY_BYTES // 256 + 1))
    content: Json = {"type": "contact"}
    opens = Boxes(OURS).opens
    opened = opens({"content": private.box(content, [OURS.id], randomness)})
    assert opened is not None
    assert opened.content == content
    assert opens({"content": private.box(content, [FRIEND.id], randomness)}) is None
    for no_box in ("no box.box", "text", {"type": "post"}, None):
        assert opens({"content": no_box}) is None


def test_a_box_with_content_nested_without_end_stays_closed() -> None:
    boxes, _ = _boxes()
    deep: Json = []
    for _ in range(MAX_DEPTH - 2):
        deep = [deep]
    vote: Json = {"type": "vote", "vote": {"value": deep}}
    assert boxes.opens(_from_friend({"type": "post", "text": deep}, direct=True)) is not None
    assert boxes.opens(_from_friend(vote, direct=True)) is None


def test_an_invitation_opens_the_group_and_its_first_message_tells_its_name() -> None:
    boxes, news = _boxes()
    assert boxes.opens(INIT) is None
    assert boxes.opens(_from_friend(INVITATION, direct=True)) is not None
    assert news
    assert boxes.opens(_from_friend({"type": "post"})) is not None
    assert boxes.ring.groups == {}
    boxes.resolve(ROOT, INIT)
    assert list(boxes.ring.groups) == [NAME]
    assert boxes.invitations == set()


def test_a_group_is_not_what_somebody_calls_it() -> None:
    """The key of another group, under the name of one that we are in."""
    boxes, _ = _boxes()
    lie = groups.add_member(NAME, b"x" * 32, ROOT, [OURS.id], None) | TANGLES
    boxes.opens(_from_friend(lie, direct=True))
    boxes.resolve(ROOT, INIT)
    assert boxes.ring.groups == {}
    boxes.opens(_from_friend(INVITATION, direct=True))
    boxes.resolve(ROOT, INIT)
    assert boxes.ring.groups[NAME].key == KEY


def test_a_wrong_first_message_does_not_hide_the_right_one() -> None:
    boxes, _ = _boxes()
    wrong = MessageId(message_id(b"w" * 32))
    for root in (wrong, ROOT):
        said = groups.add_member(NAME, KEY, root, [OURS.id], None) | TANGLES
        boxes.opens(_from_friend(said, direct=True))
    boxes.resolve(wrong, _from_friend({"type": "post"}))
    boxes.resolve(ROOT, INIT)
    assert boxes.ring.groups[NAME].root == ROOT


def test_the_first_message_that_comes_later_is_news() -> None:
    boxes, news = _boxes()
    boxes.opens(_from_friend(INVITATION, direct=True))
    news.clear()
    boxes.opens(_from_friend({"type": "post"}))
    assert not news
    boxes.opens(INIT)
    assert news


def test_only_a_member_can_ask_us_to_leave() -> None:
    boxes, _ = _boxes()
    boxes.opens(_from_friend(INVITATION, direct=True))
    boxes.resolve(ROOT, INIT)
    said = groups.exclude_member(NAME, [OURS.id]) | TANGLES
    boxes.opens(_from_friend(said, direct=True))
    assert boxes.ring.left == set()
    boxes.opens(_from_friend(said))
    assert boxes.ring.left == {NAME}


def test_who_is_asked_to_leave_before_the_group_has_a_name_has_left_it_then() -> None:
    boxes, _ = _boxes()
    boxes.opens(_from_friend(INVITATION, direct=True))
    boxes.opens(_from_friend(groups.exclude_member(NAME, [OURS.id]) | TANGLES))
    boxes.resolve(ROOT, INIT)
    assert boxes.ring.left == {NAME}
