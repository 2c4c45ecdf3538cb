from pathlib import Path

import orjson
import pytest

from common.feed.record import pack_record
from common.refs import feed_id, raw
from common.refs.ids import blob_id
from services.blobs.adapters.book import open_book
from services.blobs.adapters.mentions import Mark, Mentions
from services.blobs.model.mentions import Policy, mentioned, wished

X, Y = bytes(32), bytes([1]) * 32
OWN, ANN = feed_id(bytes([7]) * 32), feed_id(bytes([8]) * 32)
ALL = Policy(3, 0, frozenset())
POST = {
    "type": "post",
    "text": f"![x]({blob_id(X)}?unbox=abc.boxs)",
    "mentions": [{"link": blob_id(X), "size": 10}, {"link": blob_id(Y), "size": 20}],
}


def message(content: object) -> bytes:
    return orjson.dumps({"author": ANN, "content": content})


def test_each_blob_of_a_message_is_found_once_wherever_it_stands() -> None:
    assert mentioned(message(POST)) == [X, Y]
    assert mentioned(message({"type": "about", "image": {"link": blob_id(Y)}})) == [Y]


@pytest.mark.parametrize(
    "text",
    ["", "AT&T", blob_id(X)[:-1], blob_id(X)[:40] + "!" + blob_id(X)[41:], "AAAA.box"],
)
def test_what_is_no_id_of_a_blob_is_not(text: str) -> None:
    assert mentioned(message({"type": "post", "text": text})) == []
    assert mentioned(message(text)) == []


@pytest.mark.parametrize(
    ("policy", "found"),
    [
        (ALL, [X, Y]),
        (ALL._replace(hops=-1), []),
        (ALL._replace(max=15), [X]),
        (ALL._replace(types=frozenset(["post"])), [X, Y]),
        (ALL._replace(types=frozenset(["about"])), []),
    ],
)
def test_what_is_wanted_depends_on_distance_size_and_type(
    policy: Policy, found: list[bytes]
) -> None:
    given = message(POST)
    assert wished(given, mentioned(given), policy) == found


@pytest.mark.parametrize("given", [b"&", b"[]", b'{"content":"x"}', b'{"content":{"size":[[1]]}}'])
def test_a_message_of_no_use_is_one_without_type_and_sizes(given: bytes) -> None:
    assert wished(given, [X], ALL._replace(max=1)) == [X]
    assert wished(given, [X], ALL._replace(types=frozenset(["post"]))) == []


def test_the_index_is_kept_with_the_position(tmp_path: Path) -> None:
    book = open_book(tmp_path)
    mentions = Mentions(book.store, OWN, ALL)
    assert mentions.mark is None
    records = [
        pack_record(bytes([n]) * 32, raw(author), 1, 1.0, message(POST))
        for n, author in enumerate([OWN, ANN])
    ]
    assert mentions.take(2, records) == [
        (raw(author), blob_id(blob)) for author in (OWN, ANN) for blob in (X, Y)
    ]
    mentions.set_near(raw(ANN), near=True)
    book.close()
    book = open_book(tmp_path)
    mentions = Mentions(book.store, ANN, ALL)
    assert mentions.mark == Mark(2, bytes([1]) * 32)
    assert mentions.authors(X) == [raw(OWN), raw(ANN)]
    assert list(mentions.of(raw(OWN))) == [blob_id(X), blob_id(Y)]
    assert mentions.is_ours(X)
    assert not mentions.is_ours(bytes([2]) * 32)
    assert mentions.is_near(raw(ANN))
    mentions.set_near(raw(ANN), near=False)
    assert not mentions.is_near(raw(ANN))
    mentions.forget()
    assert Mentions(book.store, OWN, ALL).mark is None
    book.close()
