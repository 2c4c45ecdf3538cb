import heapq

from hypothesis import given, settings
from hypothesis import strategies as st

from common.graph import BLOCK, FOLLOW, NEITHER, Edge, Graph, Hops
from common.refs import FeedId, feed_id

FEEDS = [feed_id(bytes([n]) * 32) for n in range(7)]
A, B, C, D = FEEDS[:4]

feeds = st.sampled_from(FEEDS)
edges = st.lists(st.builds(Edge, feeds, feeds, st.sampled_from([FOLLOW, BLOCK, NEITHER])))


def simple_hops(graph: dict[tuple[FeedId, FeedId], int], start: FeedId, max_hops: float) -> Hops:
    """Dijkstra with the weights and the order of dynamic-dijkstra's `simple`, node by node."""
    hops: Hops = {start: 0}
    queue: list[tuple[int, FeedId]] = [(0, start)]
    while queue:
        hop, source = heapq.heappop(queue)
        if hops[source] != hop or not 0 <= hop < max_hops:
            continue
        for (one, dest), value in graph.items():
            if one != source:
                continue
            new = hop + value if value > 0 else -hop + value
            old = hops.get(dest)
            if old is None or abs(new) < abs(old) or (abs(new) == abs(old) and new > old):
                hops[dest] = new
                heapq.heappush(queue, (new, dest))
    return hops


@given(edges, feeds, st.sampled_from([0, 1, 1.5, 2, 3, 9]))
@settings(max_examples=200)
def test_hops_equal_the_simple_model(drawn: list[Edge], start: FeedId, max_hops: float) -> None:
    table = {(e.source, e.dest): e.value for e in drawn}
    graph = Graph(drawn)
    assert graph.hops(start, max_hops) == simple_hops(dict(table), start, max_hops)
    turned: dict[tuple[FeedId, FeedId], int] = {(b, a): value for (a, b), value in table.items()}
    assert graph.hops(start, max_hops, reverse=True) == simple_hops(turned, start, max_hops)


@given(edges)
def test_last_word_of_each_pair_counts(drawn: list[Edge]) -> None:
    graph = Graph()
    table: dict[tuple[FeedId, FeedId], int] = {}
    for edge in drawn:
        assert graph.set_edge(edge) == table.get((edge.source, edge.dest))
        table[edge.source, edge.dest] = edge.value
    assert {(e.source, e.dest): e.value for e in graph.edges()} == table
    for source in FEEDS:
        assert graph.knows(source) == any(one == source for one, _ in table)
        assert {e.dest for e in graph.edges(source)} == {b for a, b in table if a == source}
        for dest in FEEDS:
            value = table.get((source, dest))
            assert graph.value(source, dest) == value
            assert graph.is_following(source, dest) == (value == FOLLOW)
            assert graph.is_blocking(source, dest) == (value == BLOCK)


def test_block_and_unfollow_give_negative_hops() -> None:
    graph = Graph([Edge(A, B, FOLLOW), Edge(A, C, BLOCK), Edge(B, D, NEITHER), Edge(B, C, FOLLOW)])
    assert graph.hops(A, 2) == {A: 0, B: 1, C: -1, D: -3}


def test_follow_wins_against_an_equally_distant_block() -> None:
    assert Graph(
        [Edge(A, B, FOLLOW), Edge(A, C, FOLLOW), Edge(B, D, BLOCK), Edge(C, D, FOLLOW)]
    ).hops(A, 2) == {A: 0, B: 1, C: 1, D: 2}
