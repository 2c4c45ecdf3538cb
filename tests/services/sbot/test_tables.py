from typing import Any

import pytest

from services.sbot import tables
from services.sbot.tables import Style

PLAIN = Style(colours=False, width=100)
ANN, BOB = ("@" + letter * 43 + "=.ed25519" for letter in "ab")


def test_colours_are_for_terminals_that_want_them() -> None:
    assert Style.of({}, 80).marked("ok", "good") == "\x1b[32mok\x1b[0m"
    for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        assert Style.of(env, 80).marked("ok", "good") == "ok"


def test_lines_are_cut_at_the_width_and_names_move_no_cursor() -> None:
    style = Style(colours=False, width=40)
    text = style.table(("a", "b"), [[("x\x1b[2J", "plain"), ("y" * 99, "plain")]], cut=True)
    head, row = text.splitlines()
    assert head.split() == ["a", "b"]
    assert len(row) == 40
    assert "\x1b" not in row


def status(**indexing: Any) -> dict[str, Any]:
    return {
        "sync": {"since": 1200, "plugins": {"types": 1200, "links": 200}, "sync": False},
        "services": {
            "storage": {"up": True, "ready": True, "state": "ok", "position": 1200, "feeds": 7},
            "indexing": {"up": True, "ready": True, "state": "ok", "building": {}, **indexing},
            "peers": {"up": False, "ready": False},
        },
    }


def test_status_says_what_is_behind_and_what_is_wrong() -> None:
    text = tables.status(status(state="disk full", why="no room", building={"types": 50}), PLAIN)
    lines = text.splitlines()
    assert [line.split()[:2] for line in lines[1:4]] == [
        ["storage", "ok"],
        ["indexing", "disk"],
        ["peers", "down"],
    ]
    assert "feeds 7" in lines[1]
    assert "log: 1,200 messages, 1 views are behind, links by 1,000" in lines
    assert "rebuilding types: 50 of 1,200" in lines
    assert lines[-1] == "indexing: no room"
    done = status()
    done["sync"] |= {"sync": True}
    assert "all views have seen it" in tables.status(done, PLAIN)


def test_peers_in_contact_come_first() -> None:
    told: list[dict[str, Any]] = [
        {"key": BOB, "address": "net:b", "failure": 3, "source": "pub", "stateChange": 1e12},
        {"key": ANN, "address": "net:a", "state": "connected", "source": "seed"},
    ]
    head, first, second = tables.peers(told, {ANN: "ann"}, PLAIN).splitlines()
    assert head.split() == ["state", "name", "source", "failures", "since", "address"]
    assert first.split() == ["connected", "ann", "seed", "0", "net:a"]
    assert second.split() == ["-", "pub", "3", "2001-09-09", "01:46", "net:b"]


def test_feeds_are_in_the_order_of_their_distance() -> None:
    hops = {ANN: 0, BOB: -1}
    far = "@" + "c" * 43 + "=.ed25519"
    text = tables.feeds({far: 3, BOB: 1000, ANN: 5}, hops, {ANN: "ann"}, PLAIN)
    rows = [line.split() for line in text.splitlines()]
    assert rows[1:] == [["you", "5", "ann", ANN], ["blocked", "1,000", BOB], ["-", "3", far]]


@pytest.mark.parametrize("extra", [{}, {"label": "club", "expires": 1e12}])
def test_invites_show_the_newest_first(extra: dict[str, Any]) -> None:
    told = [
        {"id": ANN, "state": "used up", "total": 1, "used": 1, "created": 1e12},
        {"id": BOB, "state": "open", "total": 3, "used": 0, "created": 1e12, **extra},
    ]
    rows = tables.invites(told, PLAIN).splitlines()
    assert rows[1].split()[:4] == ["open", "0", "of", "3"]
    assert ("club" in rows[1]) == bool(extra)
    assert rows[2].endswith(ANN)
