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


@given(edges, st.integers(0, 4))
@settings(max_examples=200)
def test_hops_kept_edge_by_edge_equal_hops_from_scratch(
    drawn: list[tuple[Edge, bool]], max_hops: int
) -> None:
    graph = Graph()
    reach = Reach(graph, FEEDS[0], max_hops)
    for edge, asks in drawn:
        old = graph.value(edge.source, edge.dest)
        assert reach.set_edge(edge) == old
        if asks:
            assert reach.hops() == graph.hops(FEEDS[0], max_hops)
    assert reach.hops() == graph.hops(FEEDS[0], max_hops)


def test_edges_out_of_reach_compute_nothing() -> None:
    reach = Reach(Graph(), FEEDS[0], 2)
    before = reach.hops()
    reach.set_edge(Edge(FEEDS[1], FEEDS[2], FOLLOW))
    assert reach.hops() is before
