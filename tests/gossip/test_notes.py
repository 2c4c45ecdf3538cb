import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.gossip import Note, decode_note, encode_note


@given(st.integers(0, (1 << 30) - 1), st.booleans(), st.sampled_from([2, 3]))
def test_note_decodes_to_what_was_encoded(sequence: int, receive: bool, version: int) -> None:
    note = decode_note(encode_note(sequence, receive, version), version)
    assert note.sequence == sequence
    assert note.replicate
    assert note.receive == (receive or (version == 2 and sequence == 0))


@pytest.mark.parametrize("version", [2, 3])
def test_refusal_is_minus_one(version: int) -> None:
    assert encode_note(-1, True, version) == -1
    assert decode_note(-1, version) == Note(-1, False, False)


@pytest.mark.parametrize(
    ("value", "note"),
    [
        (0, Note(0, True, True)),
        (7, Note(7, True, True)),
        (-8, Note(7, True, False)),
        (None, Note(-1, True, True)),
    ],
)
def test_version_2_notes(value: object, note: Note) -> None:
    assert decode_note(value, 2) == note


@pytest.mark.parametrize(
    ("value", "note"),
    [
        (2.0, Note(1, True, True)),
        ("3", Note(-1, True, False)),
        ("x", Note(-1, True, True)),
        (float("inf"), Note(-1, True, True)),
        (True, Note(-1, True, False)),
        ([], Note(-1, True, True)),
        ((1 << 31) + 2, Note(-(1 << 30) + 1, True, True)),
    ],
)
def test_any_json_is_taken_as_javascript_takes_it(value: object, note: Note) -> None:
    assert decode_note(value) == note


def test_shifts_are_32_bit() -> None:
    assert encode_note(1 << 30, True) == -(1 << 31)
