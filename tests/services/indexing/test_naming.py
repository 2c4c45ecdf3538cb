from typing import Any

from common.graph import BLOCK, FOLLOW, Edge, Graph
from common.refs import FeedId
from services.indexing.naming import Circle, Given

OWN, ANN, BOB, CAT, DAN = (FeedId(name) for name in ("own", "ann", "bob", "cat", "dan"))


def circle(*names: FeedId) -> Circle:
    """We follow ann and bob and block cat; all of them follow dan."""
    edges = [Edge(OWN, ANN, FOLLOW), Edge(OWN, BOB, FOLLOW), Edge(OWN, CAT, BLOCK)]
    edges += [Edge(one, DAN, FOLLOW) for one in (ANN, BOB, CAT)] + [Edge(ANN, CAT, FOLLOW)]
    found = Circle(Graph(edges), OWN, [ANN, BOB, CAT], names)
    for _ in found.widen(lambda _, dest: [CAT, DAN].index(dest)):
        pass
    return found


def name(**given: Any) -> Any:
    names = {FeedId(author): one for author, one in given.items()}
    return circle(*names).name_for(DAN, names)


def test_our_own_name_counts_then_that_of_those_we_follow() -> None:
    assert name(own="mine", ann="hers") == "mine"
    assert name(ann="one", bob="two", cat="two", dan="three") == "one"
    assert name(bob="two", cat="two", dan="three") == "two"


def test_then_that_of_those_they_follow_then_its_own_then_its_id() -> None:
    assert name(cat="two", dan="me") == "me"  # all three follow dan, only one follows cat
    assert name(cat="two") == "two"
    assert Circle(Graph(), OWN, [], ()).name_for(DAN, {DAN: "me", ANN: "x"}) == "me"
    assert name() == DAN


def test_the_nearest_and_most_frequent_come_first() -> None:
    given = [
        Given(DAN, ANN, "annie"),
        Given(BOB, CAT, "anna"),
        Given(ANN, CAT, "anna"),
        Given(OWN, BOB, "ann"),
        Given(FeedId("nobody we know"), ANN, "an"),
    ]
    found = circle(DAN, BOB, ANN, OWN).ranked(given)
    assert [(one.name, one.id, one.rank) for one in found] == [
        ("ann", BOB, [1]),
        ("anna", CAT, [0, 2]),
        ("annie", ANN, [0, 0, 1]),
    ]
