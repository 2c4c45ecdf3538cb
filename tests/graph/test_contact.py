import pytest

from common.graph import BLOCK, FOLLOW, NEITHER, Edge, edge_of
from common.refs import feed_id

A = feed_id(bytes(32))
B = feed_id(bytes([1]) * 32)


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ({"following": True}, FOLLOW),
        ({"following": False}, NEITHER),
        ({"following": 1}, NEITHER),
        ({}, NEITHER),
        ({"blocking": True}, BLOCK),
        ({"flagged": True, "following": True}, BLOCK),
        ({"flagged": {}}, BLOCK),
        ({"blocking": []}, BLOCK),
        ({"blocking": ""}, NEITHER),
        ({"blocking": 0, "following": True}, FOLLOW),
        ({"blocking": float("nan")}, NEITHER),
        ({"blocking": 0.5}, BLOCK),
        ({"flagged": "no"}, BLOCK),
        ({"blocking": None, "flagged": False}, NEITHER),
    ],
)
def test_contact_message_draws_the_edge_of_the_reference(
    said: dict[str, object], value: int
) -> None:
    assert edge_of(A, {"type": "contact", "contact": B, **said}) == Edge(A, B, value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "content", ["secret.box", None, [], {"type": "post"}, {"contact": "@x"}, {"contact": 1}]
)
def test_other_content_draws_no_edge(content: object) -> None:
    assert edge_of(A, content) is None


def test_type_of_content_is_not_looked_at() -> None:
    assert edge_of(A, {"contact": B, "following": True}) == Edge(A, B, FOLLOW)
