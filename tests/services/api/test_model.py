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
        "progress": {"indexes": {"start": 0, "current": 5, "target": 7}},
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


def test_an_empty_log_is_in_sync_and_views_that_say_nothing_are_not() -> None:
    storage = {"ready": True, "state": {"position": 0}}
    indexing = {"ready": True, "state": {"position": 0, "views": {"types": 0}}}
    found = model.status({"storage": storage, "indexing": indexing})
    assert found["sync"] == {"since": -1, "plugins": {"types": -1}, "sync": True}
    assert model.status({"storage": storage, "indexing": None})["sync"]["sync"] is False


def test_progress_is_that_of_the_slowest_view_and_of_what_is_built() -> None:
    state = {"position": 7, "views": {"types": 7}, "building": {"types": 3}}
    found = model.progress({"storage": {"state": {"position": 7}}, "indexing": {"state": state}})
    assert found == {"indexes": {"start": 0, "current": 3, "target": 7}}


def test_peers_in_contact_are_told_as_ssb_gossip_does() -> None:
    peers = {"@a": {"state": "connected"}}
    found = model.status({"peers": {"ready": True, "state": {"known": 1, "gossip": peers}}})
    assert found["gossip"] == peers
    assert found["services"]["peers"] == {"up": True, "ready": True, "known": 1}
