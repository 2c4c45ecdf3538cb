from common.wire.pieces import Pieces


def test_pieces_wait_until_there_is_enough() -> None:
    pieces = Pieces()
    assert pieces.join(b"") is None
    assert pieces.join(b"abc") == b"abc"
    pieces.keep(b"bc", 4)
    assert len(pieces) == 2
    assert pieces.join(b"d") is None
    assert pieces.join(b"ef") == b"bcdef"
    assert len(pieces) == 0
