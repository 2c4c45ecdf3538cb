from pathlib import Path

from common.refs import feed_id
from common.refs.ids import blob_id
from services.blobs.adapters.book import open_book

X, Y = blob_id(bytes(32)), blob_id(bytes([1]) * 32)
ANN = feed_id(bytes(32))


def test_wants_and_pushes_survive_a_restart(tmp_path: Path) -> None:
    book = open_book(tmp_path)
    book.want(X)
    book.want(Y)
    book.end_want(X)
    book.push(X, {})
    book.push(Y, {ANN: 5})
    book.end_push(X)
    book.close()
    book = open_book(tmp_path)
    assert book.wants() == [Y]
    assert book.pushes() == {Y: {ANN: 5}}
    book.close()
