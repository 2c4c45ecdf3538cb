"""What holds for the rows of every view, whatever a message says (docs/views.md)."""

from typing import Any

import pytest

from common.refs import blob_id, feed_id, message_id
from services.indexing.model.view import View
from services.indexing.views import VIEWS
from tests.support.messages import message, rows

FEED, MESSAGE, BLOB = (of(b"x" * 32) for of in (feed_id, message_id, blob_id))
TWICE = [{"link": one, "name": "a name"} for one in (FEED, FEED, BLOB, BLOB, "#ssb", "#ssb")]
CONTENTS: tuple[Any, ...] = (
    {"type": "post", "mentions": TWICE, "channel": "ssb", "text": "word word #ssb #ssb"},
    {"type": "post", "root": MESSAGE, "branch": [MESSAGE, MESSAGE], "fork": MESSAGE},
    {"type": "about", "about": FEED, "name": "a", "image": [BLOB, BLOB], "mentions": TWICE},
    {"type": "vote", "vote": {"link": MESSAGE, "value": 1}, "branch": {"0": MESSAGE, "1": MESSAGE}},
    {"type": "contact", "contact": FEED, "following": True, "recps": [FEED, FEED, {"link": FEED}]},
    {"type": ["post"], "mentions": None, "channel": 5, "root": [], "about": {}, "name": None},
    {"type": "x" * 500, "channel": "y" * 500, "\0": MESSAGE, "": [MESSAGE]},
    "no box that is for us.box",
)


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_no_message_makes_two_rows_with_one_key_and_all_end_with_its_position(view: View) -> None:
    for content in CONTENTS:
        for opened in (None, content):
            said = content if opened is None else "sealed.box"
            found = rows(view, message(said, opened=opened, position=77))
            assert {row.position for row in found} <= {77}
            assert len({(row.space, row.key) for row in found}) == len(found)


def test_a_claimed_time_may_be_anything() -> None:
    for claimed in ("x", "5", "", {}, [], [5], {"a": 1}, None, True, -1, 1e300):
        for view in VIEWS:
            for content in CONTENTS[:-1]:
                list(view.rows(message(content, timestamp=claimed)))
