"""Forks as they are kept and shown."""

from hypothesis import given
from hypothesis import strategies as st

from common.feed.record import Candidate
from common.refs.ids import feed_id, message_id
from services.storage import forks
from services.storage.model import Fork

A, B, C = b"a" * 32, b"b" * 32, b"c" * 32
KEYS = st.none() | st.binary(min_size=32, max_size=32)


@given(
    st.builds(
        Fork,
        st.integers(0, 2**40),
        KEYS,
        KEYS,
        st.floats(0, 1e13),
        st.lists(st.text(max_size=5), max_size=3).map(tuple),
        st.booleans(),
    )
)
def test_rows_are_read_as_they_were_written(fork: Fork) -> None:
    assert forks.unpack(forks.pack(fork)) == fork


def test_evidence_tells_where_the_branches_differ() -> None:
    ours = Candidate(A, C, 4, None, b"{}")
    assert forks.found_in([ours, Candidate(B, C, 4, None, b"{}")]) == Fork(4, A, B)
    assert forks.found_in([ours, Candidate(C, C, 5, B, b"{}")]) == Fork(4, A, B)
    assert forks.found_in([Candidate(C, C, 1, B, b"{}")]) == Fork(0, None, B)


def test_item_has_ids_and_the_last_sequence_that_can_be_common() -> None:
    shown = forks.shown(C, Fork(4, A, None, 5.0, ("@p",)))
    assert shown == {
        "feed": feed_id(C),
        "agreed": 3,
        "ours": message_id(A),
        "other": None,
        "peers": ["@p"],
        "at": 5.0,
        "accepted": False,
    }
    assert forks.shown(C, Fork(4, A, B))["at"] is None
