import struct

from hypothesis import given
from hypothesis import strategies as st

from services.indexing.model.view import ordered, text_key


@given(st.lists(st.floats(allow_nan=False), min_size=2))
def test_ordered_sorts_as_numbers_do(numbers: list[float]) -> None:
    numbers = [n + 0.0 for n in numbers if n != 0]
    assert sorted(numbers) == sorted(numbers, key=ordered)
    assert ordered(-1.0) < ordered(0.0) < ordered(struct.unpack(">d", bytes(7) + b"\1")[0])


@given(st.text(), st.text())
def test_text_keys_sort_as_texts_and_none_begins_another(one: str, two: str) -> None:
    first, second = text_key(one), text_key(two)
    assert (first < second) == (one.encode() < two.encode())
    assert one == two or not second.startswith(first)
