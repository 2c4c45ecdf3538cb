"""Progress of several workers told as one."""

from services.replication.progress import joined


def test_the_worker_that_misses_most_says_how_much_is_missing() -> None:
    own = {"id": "@a", "rate": 1.5, "feeds": 3, "progress": 10}
    first = {**own, "pendingPeers": {"@p": 2}, "incompleteFeeds": 2, "total": 14}
    second = {**own, "pendingPeers": {"@q": 1}, "incompleteFeeds": 1, "progress": 9, "total": 30}
    assert joined(first, [second]) == {
        **own,
        "pendingPeers": {"@p": 2, "@q": 1},
        "incompleteFeeds": 2,
        "total": 31,
    }
    assert joined(first, []) == first
