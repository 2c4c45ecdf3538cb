"""What clients see of a box that was opened."""

from common.feed.json import parse
from common.feed.opened import opened_value
from common.feed.private import Opened


def test_an_opened_message_keeps_its_box_beside_the_content() -> None:
    value = {"previous": None, "content": "abc.box", "signature": "s"}
    opened = parse(opened_value(value, Opened({"type": "post"}, bytes(33))))
    slot = "A" * 44
    assert opened == {
        "previous": None,
        "content": {"type": "post"},
        "signature": "s",
        "meta": {"original": {"content": "abc.box"}, "private": True, "unbox": slot},
        "cyphertext": "abc.box",
        "private": True,
        "unbox": slot,
    }
