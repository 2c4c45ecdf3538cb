from typing import Any

import pytest

from common.refs import message_id
from services.indexing.model.threads import Member, Reply, Threads, hashtags_in
from tests.support.messages import AUTHOR, message, rows

ROOT, FORK = (message_id(bytes([n]) * 32) for n in (1, 2))


def told(content: Any) -> dict[bytes, list[Any]]:
    found: dict[bytes, list[Any]] = {}
    for row in rows(Threads(), message(content)):
        what = Reply.of(row) if row.key[:1] in b"rf" else Member.of(row)
        found.setdefault(row.key[:1], []).append(what)
    return found


def test_a_message_is_found_by_time_author_root_fork_and_hashtag() -> None:
    found = told({"type": "post", "root": ROOT, "fork": FORK, "channel": "SSB"})
    member, reply = Member(FORK, b"post", labelled=True), Reply(AUTHOR, b"post")
    assert found == {b"t": [member], b"a": [member], b"h": [member], b"r": [reply], b"f": [reply]}


def test_what_names_no_message_is_its_own_root() -> None:
    for root in (None, 5, "x", ROOT.replace(".", "x"), [ROOT]):
        assert told({"type": 5, "root": root}).keys() == {b"t", b"a"}
    assert told({"root": ROOT, "fork": ROOT}).keys() == {b"t", b"a", b"r"}
    assert not list(Threads().rows(message("sealed.box")))


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ({"channel": "#A b"}, {"a b"}),
        ({"channel": 5, "mentions": {"link": "#x"}}, set()),
        ({"channel": "#", "mentions": [{"link": "#X"}, {"link": "x"}, "#y", None]}, {"x"}),
        ({"channel": "x" * 129}, set()),
    ],
)
def test_hashtags_are_channels_and_mentions_with_a_hash(content: Any, found: set[str]) -> None:
    assert hashtags_in(content) == found
    for row in rows(Threads(), message(content)):
        if row.key.startswith(Threads.labels("")):
            assert Threads.label(row) in found
