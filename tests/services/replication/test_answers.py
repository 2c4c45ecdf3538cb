"""What a peer sends because it was asked."""

from common.gossip import Message
from common.refs import FeedId
from services.replication.answers import Answers

A, B = FeedId("@a"), FeedId("@b")


def messages(feed: FeedId, *sequences: int) -> list[Message]:
    return [Message(feed, sequence, b"") for sequence in sequences]


def test_an_answer_counts_once() -> None:
    answers = Answers()
    assert answers.count(messages(A, 1, 2, 3), {A}) == 3
    assert answers.count(messages(A, 2, 3, 4), {A}) == 1
    assert answers.count(messages(A, 1, 4), {A}) == 0


def test_what_nobody_asked_for_is_none() -> None:
    answers = Answers()
    assert answers.count([*messages(A, 1), *messages(B, 1)], {B}) == 1
    assert answers.count(messages(A, 1), {A}) == 1
