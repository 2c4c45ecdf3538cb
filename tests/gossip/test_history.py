from common.gossip import Histories, Request
from common.gossip.history import POLL_MS
from tests.support.gossip_messages import FEEDS

A, B, C, D = FEEDS[:4]


def test_all_feeds_get_live_requests_while_there_is_room() -> None:
    histories = Histories()
    histories.want([A, B], 0)
    assert histories.next({A: 4}, 0) == [Request(A, 5, True), Request(B, 1, True)]
    assert histories.next({}, 0) == []
    histories.want([A], 0)
    assert histories.next({}, 0) == []


def test_further_feeds_take_turns() -> None:
    histories = Histories(max_live=1, max_turns=1)
    histories.want([A, B, C], 0)
    assert histories.next({}, 0) == [Request(A, 1, True), Request(B, 1, False)]
    histories.ended(B, 5)
    assert histories.next({}, 5) == [Request(C, 1, False)]
    histories.ended(C, 5)
    assert histories.next({}, 5) == []
    assert histories.next({B: 9}, 5 + POLL_MS) == [Request(B, 10, False)]


def test_dropped_and_stopped_feeds_are_asked_for_no_more() -> None:
    histories = Histories()
    histories.want([A, B, C], 0)
    histories.next({}, 0)
    histories.want([D], 0)
    assert histories.drop(A)
    assert histories.stop(B)
    assert not histories.drop(D)
    histories.want([B], 0)
    histories.ended(B, 0)
    assert histories.next({}, 10 * POLL_MS) == []
    histories.want([A], 0)
    assert histories.next({}, 0) == [Request(A, 1, True)]
