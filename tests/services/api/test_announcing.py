from typing import Any

import pytest

from common.bus import CallerError
from services.api.announcing import announcement, asked, is_known, needs_address

FEED = "@" + "A" * 43 + "=.ed25519"
ADDRESS = "net:example.org:8008~shs:" + "A" * 43 + "="


def test_the_content_is_that_of_the_reference() -> None:
    given = {"availability": 0.5, "address": ADDRESS, "scope": "public", "recps": [FEED]}
    assert list(announcement(given).items()) == [
        ("type", "address"),
        ("recps", [FEED]),
        ("address", ADDRESS),
        ("availability", 0.5),
    ]
    assert announcement(given | {"recps": FEED}) == announcement(given)
    taken_back = announcement({"availability": 0, "address": ADDRESS})
    assert taken_back == {"type": "address", "availability": 0}


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"availability": 1}, "not a valid address:"),
        ({"availability": 1, "address": {"host": "x"}}, "not a valid address:"),
        ({"availability": 1, "address": "nowhere"}, "not a valid address:nowhere"),
        ({"availability": 1.5, "address": ADDRESS}, "availability must be number between 0 and 1"),
        ({"availability": False, "address": ADDRESS}, "availability must be number"),
        ({"address": ADDRESS}, "availability must be number between 0 and 1 inclusive"),
    ],
)
def test_what_cannot_be_announced_is_refused(given: dict[str, Any], complaint: str) -> None:
    with pytest.raises(CallerError, match=f"^{complaint}"):
        announcement(given)


def test_options_are_wanted() -> None:
    odds: list[list[Any]] = [[], [None], ["x"], [[1]]]
    for odd in odds:
        with pytest.raises(CallerError, match="must by of type object"):
            asked(odd)


def test_the_scope_counts_where_no_address_is_given() -> None:
    assert needs_address({"scope": "public"})
    assert needs_address({"scope": "public", "address": "nowhere"})
    assert not needs_address({"scope": "public", "address": ADDRESS})
    assert not needs_address({"scope": 5})


def test_what_is_announced_already_is_known() -> None:
    given = {"address": ADDRESS, "availability": 1, "recps": [FEED]}
    assert is_known(given, {"id": FEED, "address": ADDRESS, "availability": 1})
    assert not is_known(given, None)
    assert not is_known(given, {"id": FEED, "address": ADDRESS, "availability": 0.5})
