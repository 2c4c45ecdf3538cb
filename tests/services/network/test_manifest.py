"""Merging what services offer, and finding who answers a call."""

from common.refs import feed_id
from common.runtime.workers import owner
from services.network.manifest import Manifest, Offer, Refusal, Route
from services.network.permission import ANONYMOUS, MASTER

STORAGE: Offer = {
    "whoami": ("sync", [], True, ""),
    "createHistoryStream": ("source", ["anonymous"], True, ""),
    "log.read": ("source", [], False, ""),
}
PEERS: Offer = {
    "gossip.ping": ("duplex", ["anonymous"], True, ""),
    "gossip.peers": ("sync", [], True, ""),
    "whoami": ("async", ["anonymous"], True, ""),
    "gossip.ping.deep": ("async", [], True, ""),
    "gossip": ("async", [], True, ""),
}


def merged() -> Manifest:
    manifest = Manifest(("storage", "peers"))
    assert manifest.learn("storage", STORAGE)
    assert manifest.learn("peers", PEERS)
    return manifest


def test_tree_nests_names_and_the_earlier_service_wins() -> None:
    assert merged().tree == {
        "whoami": "sync",
        "createHistoryStream": "source",
        "gossip": {"ping": "duplex", "peers": "sync"},
    }


def test_who_offers_the_same_is_asked_for_what_is_not_found() -> None:
    offer: Offer = {"get": ("async", [], True, ""), "latest": ("source", [], True, "")}
    manifest = Manifest(("one", "two", "three"))
    manifest.learn("three", offer)
    manifest.learn("one", offer)
    manifest.learn("two", {"get": ("async", ["anonymous"], True, "")})
    assert manifest.route(("get",), "async", MASTER) == Route("one", "get", "async", ())
    manifest.learn("two", {"get": ("async", [], False, "")})
    then = Route("three", "get", "async", ())
    assert manifest.route(("get",), "async", MASTER) == Route("one", "get", "async", (), then)
    assert list(Route("one", "get", "async", (), then).others()) == [then]
    assert manifest.route(("latest",), "source", MASTER) == Route("one", "latest", "source", ())


def test_who_comes_after_another_waits_until_that_one_was_met() -> None:
    manifest = Manifest(("one", "two"))
    offer: Offer = {
        "get": ("async", [], True, "one"),
        "status": ("async", [], True, ""),
        "elsewhere": ("async", [], True, "nobody"),
    }
    manifest.learn("two", offer)
    two = Route("two", "get", "async", ())
    assert manifest.tree == {"get": "async", "status": "async", "elsewhere": "async"}
    assert manifest.route(("get",), "async", MASTER) == Route("one", "get", "async", (), two)
    for name in ("status", "elsewhere"):
        assert manifest.route((name,), "async", MASTER) == Route("two", name, "async", ())
    manifest.learn("one", {})
    assert manifest.route(("get",), "async", MASTER) == two
    manifest.learn("one", {"get": ("async", [], True, "")})
    assert manifest.route(("get",), "async", MASTER) == Route("one", "get", "async", (), two)


def test_learning_the_same_again_changes_nothing() -> None:
    manifest = merged()
    assert not manifest.learn("peers", PEERS)
    assert manifest.learn("peers", {})


def test_route_finds_the_service() -> None:
    manifest = merged()
    assert manifest.route(("whoami",), "async", MASTER) == Route("storage", "whoami", "sync", ())
    assert manifest.route(("gossip", "ping"), "duplex", ANONYMOUS) == Route(
        "peers", "gossip.ping", "duplex", ("anonymous",)
    )


def test_refusals_speak_as_muxrpc_does() -> None:
    manifest = merged()
    refused = [
        (("nope", "x"), "async", MASTER, "no async:nope,x"),
        (("log", "read"), "source", MASTER, "no source:log,read"),
        (("whoami",), "source", MASTER, "no source:whoami"),
        (("gossip",), "async", MASTER, "no async:gossip"),
        (("whoami",), "async", ANONYMOUS, "method:whoami is not in list of allowed methods"),
        (("nope", "x"), "async", ANONYMOUS, "method:nope,x is not in list of allowed methods"),
        (("gossip", "ping"), "async", ANONYMOUS, "no async:gossip,ping"),
    ]
    for name, kind, role, text in refused:
        assert manifest.route(name, kind, role) == Refusal(text)


def test_services_are_known_once_they_have_told_what_they_offer() -> None:
    manifest = Manifest(("network", "storage"))
    assert not manifest.knows(["storage"])
    manifest.learn("storage", {})
    assert manifest.knows(["storage", "a name of somebody else's"])


def test_what_peers_call_goes_to_the_worker_of_the_caller() -> None:
    workers = ("replication", "replication.2")
    theirs = Route("replication", "ebt.replicate", "duplex", ("anonymous",))
    own = Route("replication", "ebt.peerStatus", "async", ())
    feeds = [feed_id(bytes([n]) * 32) for n in range(8)]
    assert {theirs.to(workers, feed).service for feed in feeds} == set(workers)
    assert all(theirs.to(workers, feed).service == owner(feed, workers) for feed in feeds)
    assert {own.to(workers, feed).service for feed in feeds} == {"replication"}
    assert theirs.to(workers[:1], feeds[0]) is theirs
