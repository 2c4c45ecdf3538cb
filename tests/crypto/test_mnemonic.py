import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.crypto.keys import generate
from common.crypto.mnemonic import from_words, to_words

WORDS = to_words(generate(bytes(32)))


@given(st.binary(min_size=32, max_size=32))
def test_keys_come_back_from_their_words(seed: bytes) -> None:
    keys = generate(seed)
    assert from_words(to_words(keys)) == keys
    spread = to_words(keys).replace(" ", "\t\u2003")
    assert from_words(f"\ufeff {spread}\n") == keys


def test_much_white_space_costs_its_length() -> None:
    with pytest.raises(ValueError, match="there should be 24 words"):
        from_words("a" + " " * 200_000 + "b")


def test_old_words_of_the_public_key_are_passed_over() -> None:
    assert from_words(f"{WORDS} {WORDS}") == generate(bytes(32))


@pytest.mark.parametrize("words", ["", WORDS[:-4], f"{WORDS} {WORDS} zoo"])
def test_another_number_of_words_is_refused(words: str) -> None:
    with pytest.raises(ValueError, match="there should be 24 words"):
        from_words(words)


@pytest.mark.parametrize("words", [WORDS.upper(), "zoo" + WORDS[WORDS.index(" ") :]])
def test_words_that_do_not_belong_together_are_refused(words: str) -> None:
    with pytest.raises(ValueError, match="invalid words"):
        from_words(words)
