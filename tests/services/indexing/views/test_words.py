from services.indexing.model.message import PRIVATE
from services.indexing.views.words import PrivateWords
from tests.support.messages import message


def test_only_what_was_in_a_box_has_rows_and_all_apart() -> None:
    rows = list(PrivateWords().rows(message("x.box", opened={"text": "one two one"})))
    assert [row.key[:3] for row in rows] == [b"one", b"two"]
    assert {(row.space, row.position) for row in rows} == {(PRIVATE, 3)}
    assert not list(PrivateWords().rows(message({"text": "one"})))
    assert not list(PrivateWords().rows(message("x.box")))
