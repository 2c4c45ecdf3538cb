from typing import Any

import pytest

from common.crypto import sodium
from common.feed import groups
from common.refs import MessageId, bfe, feed_id, message_id

GROUP = "%" + "A" * 43 + "=.cloaked"
KEY = b"k" * 32
ROOT = MessageId(message_id(b"r" * 32))
MEMBERS = [feed_id(bytes([n]) * 32) for n in (1, 2)]
UPDATE = {"root": ROOT, "previous": [ROOT]}
BOTH = {"group": UPDATE, "members": UPDATE}


def _added(**others: Any) -> dict[str, Any]:
    content = groups.add_member(GROUP, KEY, ROOT, MEMBERS, "welcome")
    return {name: v for name, v in (content | {"tangles": BOTH} | others).items() if v is not None}


def test_who_is_added_is_read_back() -> None:
    assert groups.added(_added()) == groups.Added(GROUP, KEY, ROOT, tuple(MEMBERS))


@pytest.mark.parametrize(
    "others",
    [
        {"type": "post"},
        {"version": "v2"},
        {"version": None},
        {"groupKey": "AAAA"},
        {"groupKey": 1},
        {"groupKey": "A" * 42 + "B="},
        {"root": GROUP},
        {"recps": [GROUP]},
        {"recps": [GROUP, *MEMBERS * 8]},
        {"recps": MEMBERS},
        {"recps": [GROUP, MEMBERS[0], GROUP]},
        {"recps": None},
        {"tangles": {}},
        {"tangles": None},
        {"tangles": {"group": {"root": ROOT, "previous": []}}},
        {"tangles": {"group": {"root": None, "previous": None}}},
        {"more": 1},
    ],
)
def test_who_is_not_added(others: dict[str, Any]) -> None:
    assert groups.added(_added(**others)) is None


def test_who_is_asked_to_leave_is_read_back() -> None:
    content = groups.exclude_member(GROUP, MEMBERS) | {"tangles": BOTH}
    assert groups.excluded(content) == groups.Excluded(GROUP, tuple(MEMBERS))


@pytest.mark.parametrize(
    "others",
    [
        {"type": "post"},
        {"excludes": []},
        {"excludes": "all"},
        {"recps": [GROUP, MEMBERS[0]]},
        {"recps": MEMBERS[:1]},
        {"tangles": {"group": UPDATE}},
        {"more": 1},
    ],
)
def test_who_is_not_asked_to_leave(others: dict[str, Any]) -> None:
    content = groups.exclude_member(GROUP, MEMBERS) | {"tangles": BOTH} | others
    assert groups.excluded(content) is None


def test_a_post_box_is_read_back() -> None:
    box = bfe.po_box(sodium.scalarmult_base(KEY))
    assert groups.po_box_of(groups.po_box_update(GROUP, ROOT, [ROOT], KEY, box)) == (box, KEY)


@pytest.mark.parametrize(
    "content",
    [
        None,
        {"type": "group/po-box"},
        {"type": "group/po-box", "keys": {"set": None}},
        {"type": "group/po-box", "keys": {"set": {"poBoxId": "x", "key": groups.key_text(KEY)}}},
    ],
)
def test_what_is_no_post_box(content: object) -> None:
    assert groups.po_box_of(content) is None
