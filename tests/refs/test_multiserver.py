import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.refs.multiserver import Protocol, decode, encode, is_multiserver

NAMES = st.from_regex(r"[a-z][a-z0-9-]{1,8}", fullmatch=True)
DATA = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=12)
PROTOCOLS = st.builds(Protocol, NAMES, st.lists(DATA, max_size=4).map(tuple))
LAYERS = st.lists(PROTOCOLS, min_size=1, max_size=3).map(tuple)


@given(st.lists(LAYERS, min_size=1, max_size=3).map(tuple))
def test_addresses_come_back_from_their_text(addresses: tuple[tuple[Protocol, ...], ...]) -> None:
    text = encode(addresses)
    assert is_multiserver(text)
    assert decode(text) == addresses


def test_layers_and_alternatives() -> None:
    assert decode("net:host:8008~shs:key;ws://host:8989~shs:key") == (
        (Protocol("net", ("host", "8008")), Protocol("shs", ("key",))),
        (Protocol("ws", ("//host", "8989")), Protocol("shs", ("key",))),
    )


def test_long_addresses_cost_their_length() -> None:
    data = ("a" * 1_000_000,)
    assert decode(encode([[Protocol("net", data)]])) == ((Protocol("net", data),),)


def test_escapes_are_left_out_when_asked() -> None:
    addresses = ((Protocol("net", ("::1", "8008")),),)
    assert encode(addresses) == "net:!:!:1:8008"
    assert encode(addresses, escape=False) == "net:::1:8008"


@pytest.mark.parametrize(
    "text", ["", ":host:1", "1a:host", "ABC:host", "net:host~", "net:a~~b", "net:a b", "net:a\n"]
)
def test_what_breaks_the_grammar_is_no_address(text: str) -> None:
    assert not is_multiserver(text)
    assert decode(text) is None
