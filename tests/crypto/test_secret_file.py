import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.crypto.keys import generate, spell
from common.crypto.secret_file import parse, read, render

KEYS = generate(bytes(range(32)))
FIELDS = {
    "curve": "ed25519",
    "public": spell(KEYS.public),
    "private": spell(KEYS.secret),
    "id": KEYS.id,
}


def _file(**changes: object) -> bytes:
    fields = {name: value for name, value in {**FIELDS, **changes}.items() if value is not None}
    return json.dumps(fields).encode()


@given(st.binary(min_size=32, max_size=32))
def test_keys_come_back_from_the_file(seed: bytes) -> None:
    keys = generate(seed)
    assert parse(render(keys).encode()) == keys


@given(st.binary(max_size=200))
def test_rubbish_is_refused_with_a_reason(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"^it holds no"):
        parse(data)


def test_comments_may_stand_anywhere() -> None:
    assert parse(b"# a\n" + _file() + b" # b") == KEYS
    assert parse(_file().replace(b"{", b"{ # c\n")) == KEYS


@pytest.mark.parametrize(
    "changes",
    [{"id": None}, {"public": None}, {"curve": None}, {"id": spell(KEYS.public)}],
)
def test_what_ssb_keys_can_do_without(changes: dict[str, None]) -> None:
    assert parse(_file(**changes)) == KEYS


def test_without_public_key_and_id() -> None:
    assert parse(_file(public=None, id=None)) == KEYS


OTHER = generate(bytes(32))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"private": None}, "no private key of ed25519"),
        ({"private": 1}, "no private key of ed25519"),
        ({"private": f"{'A' * 88}.sha256"}, "no private key of ed25519"),
        ({"private": "AAAA.ed25519"}, "3 bytes, not 64"),
        ({"private": spell(KEYS.secret[:32] + OTHER.public)}, "halves"),
        ({"public": spell(OTHER.public)}, "public key isn't"),
        ({"id": OTHER.id}, "id isn't"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused(changes: dict[str, str], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse(_file(**changes))


def test_what_ssb_keys_gives_up_on() -> None:
    assert read(b"[]") == []
    assert read(b"null") is None
    assert read(b"1") is None
    assert read(b'{"a": NaN}') is None
    assert read(b"[" * 100_000) is None
    assert read(b"{}") == {"id": "@undefined"}
    assert read(b"\xa3 a comment\n{}") == {"id": "@undefined"}


def test_white_space_goes_with_the_comment_behind_it_and_costs_its_length() -> None:
    assert read(b'[ "a \n b \n # c\n d#e" ] \n#') is None
    assert read(b'[ "a \n b \n # c\n d" ] \n#') == ["a  b d"]
    assert read(b"\n" * 200_000 + b"[]") == []


def test_reasons_show_no_key() -> None:
    with pytest.raises(ValueError, match="public") as caught:
        parse(_file(public=spell(OTHER.public)))
    assert spell(KEYS.secret) not in str(caught.value)
