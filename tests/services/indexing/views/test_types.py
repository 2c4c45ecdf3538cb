from services.indexing.views.types import Types
from tests.support.messages import message, rows


def test_types_keep_the_first_32_units_of_a_type() -> None:
    (row,) = rows(Types(), message({"type": "x" * 40}))
    assert row.key.startswith(Types.prefix("x" * 32))
    assert row.position == 3
    assert not list(Types().rows(message("box.box")))
    assert not list(Types().rows(message({"type": 5})))
    assert Types.prefix("ab") != Types.prefix("a")[: len(Types.prefix("ab"))]
