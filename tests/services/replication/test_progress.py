"""How far peers are ahead and why they stall; progress of several workers told as one."""

import pytest

from common.gossip import Session
from common.gossip.session import Told
from common.refs import feed_id
from services.replication.progress import STALLED_MS, Lead, Traffic, joined, lead, why_stalled

P, X, Y, Z = (feed_id(bytes([n]) * 32) for n in range(4))
LATE = STALLED_MS + 1


def session(**fields: object) -> Session:
    made = Session(P, 0, 0, is_silent=False)
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def test_a_lead_counts_what_a_peer_has_and_we_have_not() -> None:
    peer = session(heard={X: Told(9, False), Y: Told(2, False)})
    assert lead(peer, [X, Y, Z], {X: 4, Y: 2}) == Lead(1, 5)


@pytest.mark.parametrize(
    ("fields", "ahead", "why"),
    [
        ({}, Lead(), None),
        ({"is_silent": True}, Lead(), "it accepted ebt.replicate and said nothing"),
        ({"resting": True}, Lead(), "it used up its bytes for now"),
        ({"congested": True}, Lead(), "it does not read what is sent"),
        ({}, Lead(1, 5), "others are asked for what it has more of"),
        ({"receiving": {X: None}}, Lead(1, 5), "it says it has more and does not send it"),
        ({"receiving": {X: None}, "heard_at": LATE}, Lead(1, 5), None),
    ],
)
def test_a_peer_that_stalls_has_a_reason(
    fields: dict[str, object], ahead: Lead, why: str | None
) -> None:
    assert why_stalled(session(**fields), ahead, None, LATE) == why


def test_our_own_trouble_comes_before_the_peer_s() -> None:
    assert why_stalled(session(), Lead(1, 1), "disk full", LATE) == "disk full"
    assert why_stalled(session(is_silent=True), Lead(), None, 5) is None


def test_traffic_is_counted_in_both_directions() -> None:
    assert Traffic(1, 20, 3, 40).total == 60
    whole = Traffic()
    for session in (Traffic(whole=whole), Traffic(whole=whole)):
        session.came(1, 20)
        session.went(3, 40)
        assert session.total == 60
    assert whole.told() == {"messagesIn": 2, "bytesIn": 40, "messagesOut": 6, "bytesOut": 80}


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
