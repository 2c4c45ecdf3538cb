from typing import Any

import pytest

from common.bus import CallerError
from services.api.contact import block, follow

FEED = "@" + "A" * 43 + "=.ed25519"


def test_contents_have_the_members_and_the_order_of_the_reference() -> None:
    assert list(follow([FEED]).items()) == [
        ("type", "contact"),
        ("contact", FEED),
        ("following", True),
    ]
    assert follow([FEED, None]) == follow([FEED]) == follow([FEED, "x"])
    assert follow([FEED, {"state": False, "recps": [FEED]}]) == {
        "type": "contact",
        "contact": FEED,
        "following": False,
        "recps": [FEED],
    }
    blocked = block([FEED, {"reason": "noise", "recps": None}])
    assert list(blocked) == ["type", "contact", "blocking", "reason", "recps"]
    assert blocked["blocking"] is True
    assert block([FEED, {"state": None, "reason": 5}]) == {
        "type": "contact",
        "contact": FEED,
        "blocking": None,
    }


@pytest.mark.parametrize(
    ("args", "got"),
    [([], "undefined"), ([None], "null"), ([{}], "[object Object]"), (["x"], "x"), ([1.5], "1.5")],
)
def test_what_is_no_feed_is_refused_in_the_words_of_the_reference(args: Any, got: str) -> None:
    for method in (follow, block):
        with pytest.raises(CallerError) as refused:
            method(args)
        assert refused.value.message == f"{method.__name__}() requires a feedId, got {got}"
