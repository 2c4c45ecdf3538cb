from hypothesis import given, settings
from hypothesis import strategies as st

from common.graph import BLOCK, FOLLOW, NEITHER, Edge, Graph, Reach
from common.refs import feed_id

FEEDS = [feed_id(bytes([n]) * 32) for n in range(6)]
feeds = st.sampled_from(FEEDS)
edges = st.lists(
    st.tuples(
        st.builds(Edge, feeds, feeds, st.sampled_from([FOLLOW, FOLLOW, BLOCK, NEITHER])),
        st.booleans(),
    )
)


@given(edges, st.sampled_from([0, 1, 1.5, 2, 3, 4, 9]))
@settings(max_examples=300)
def test_hops_kept_edge_by_edge_equal_hops_from_scratch(
    drawn: list[tuple[Edge, bool]], max_hops: float
) -> None:
    graph = Graph()
    reach = Reach(graph, FEEDS[0], max_hops)
    told = dict(reach.hops())
    assert reach.changes() == {}
    for edge, asks in drawn:
        old = graph.value(edge.source, edge.dest)
        assert reach.set_edge(edge) == old
        if asks:
            assert reach.hops() == graph.hops(FEEDS[0], max_hops)
            changes = reach.changes()
            assert all(told.get(feed) != hops for feed, hops in changes.items())
            for feed, hops in changes.items():
                if hops is None:
                    del told[feed]
                else:
                    told[feed] = hops
            assert told == reach.hops()
    assert reach.hops() == graph.hops(FEEDS[0], max_hops)


@given(edges, st.integers(0, 4))
def test_a_graph_that_was_there_is_counted(drawn: list[tuple[Edge, bool]], max_hops: int) -> None:
    graph = Graph(edge for edge, early in drawn if early)
    reach = Reach(graph, FEEDS[0], max_hops)
    assert reach.changes() == {}
    for edge, early in drawn:
        if not early:
            reach.set_edge(edge)
    assert reach.hops() == graph.hops(FEEDS[0], max_hops)


def test_edges_out_of_reach_change_nothing() -> None:
    reach = Reach(Graph(), FEEDS[0], 2)
    reach.set_edge(Edge(FEEDS[1], FEEDS[2], FOLLOW))
    assert reach.changes() == {}
    reach.set_edge(Edge(FEEDS[0], FEEDS[1], FOLLOW))
    assert reach.changes() == {FEEDS[1]: 1, FEEDS[2]: 2}
    reach.set_edge(Edge(FEEDS[0], FEEDS[1], NEITHER))
    assert reach.changes() == {FEEDS[1]: -2, FEEDS[2]: None}
