from typing import Any

from services.api import model


def test_status_has_the_shape_of_ssb_db() -> None:
    healths = {
        "storage": {"service": "storage", "ready": True, "state": {"position": 7}},
        "indexing": {
            "service": "indexing",
            "ready": True,
            "state": {"position": 5, "views": {"types": 7, "graph": 0}},
        },
        "peers": None,
    }
    assert model.status(healths) == {
        "progress": {
            "indexes": {"start": 0, "current": 5, "target": 7},
            "ooo": {"start": 0, "current": 0, "target": 0},
        },
        "sync": {"since": 7, "plugins": {"types": 7, "graph": -1}, "sync": False},
        "gossip": {},
        "services": {
            "storage": {"up": True, "ready": True, "position": 7},
            "indexing": {
                "up": True,
                "ready": True,
                "position": 5,
                "views": {"types": 7, "graph": 0},
            },
            "peers": {"up": False, "ready": False},
        },
    }


def test_an_empty_log_is_in_sync() -> None:
    found = model.status({"storage": {"ready": True, "state": {"position": 0}}})
    assert found["sync"] == {"since": -1, "plugins": {}, "sync": True}


def test_peers_in_contact_are_told_as_ssb_gossip_does() -> None:
    peers = {"@a": {"state": "connected"}}
    found = model.status({"peers": {"ready": True, "state": {"known": 1, "gossip": peers}}})
    assert found["gossip"] == peers
    assert found["services"]["peers"] == {"up": True, "ready": True, "known": 1}


def test_progress_is_that_of_views_and_of_replication() -> None:
    state: dict[str, Any] = {
        "sessions": 1,
        "messages": {"here": 7, "known": 9},
        "ooo": {"queries": 2},
    }
    healths: dict[str, Any] = {
        "storage": {"state": {"position": 7}},
        "replication": {"state": state},
    }
    assert model.progress(healths) == {
        "indexes": {"start": 0, "current": -1, "target": 7},
        "ebt": {"start": 0, "current": 7, "target": 9},
        "ooo": {"start": 0, "current": 0, "target": 2},
    }
    state["sessions"] = 0
    assert "ebt" not in model.progress(healths)
