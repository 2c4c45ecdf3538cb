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


def test_an_empty_log_is_in_sync() -> None:
    found = model.status({"storage": {"ready": True, "state": {"position": 0}}})
    assert found["sync"] == {"since": -1, "plugins": {}, "sync": True}


def test_peers_in_contact_are_told_as_ssb_gossip_does() -> None:
    peers = {"@a": {"state": "connected"}}
    found = model.status({"peers": {"ready": True, "state": {"known": 1, "gossip": peers}}})
    assert found["gossip"] == peers
    assert found["services"]["peers"] == {"up": True, "ready": True, "known": 1}
