"""Names of workers, and which of them has what."""

from collections import Counter

from common.refs import feed_id
from common.runtime import workers


def test_the_first_worker_has_the_plain_name() -> None:
    assert workers.names("network", 1) == ("network",)
    assert workers.names("network", 3) == ("network", "network.2", "network.3")


def test_a_worker_tells_its_service() -> None:
    assert [workers.service_of(name) for name in ("storage", "network", "network.12")] == [
        "storage",
        "network",
        "network",
    ]


def test_a_connection_tells_its_worker() -> None:
    for name in workers.names("network", 3):
        assert workers.worker_of(workers.connection_name(name, 17)) == name
    assert workers.worker_of("17") == "network"


def test_feeds_belong_to_one_worker_each_and_are_spread() -> None:
    feeds = [feed_id(bytes([n % 256, n // 256]) * 16) for n in range(1_000)]
    found = Counter(workers.owner(feed, workers.names("replication", 4)) for feed in feeds)
    assert set(found) == set(workers.names("replication", 4))
    assert min(found.values()) > 200
    assert {workers.owner(feed, ("replication",)) for feed in feeds} == {"replication"}


def test_whose_a_feed_is_never_changes() -> None:
    pair = workers.names("replication", 2)
    feeds = [feed_id(bytes([n]) * 32) for n in range(16)]
    owners = "".join("1" if workers.owner(feed, pair) == pair[0] else "2" for feed in feeds)
    assert owners == "1121112111122122"
