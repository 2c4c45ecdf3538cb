from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.crypto.keys import (
    from_secret,
    generate,
    has_sigil,
    read_base64,
    sign,
    sign_bytes,
    spell,
    tag_of,
    verify,
    verify_bytes,
)

SEEDS = st.binary(min_size=32, max_size=32)
HMAC_KEYS = st.none() | SEEDS


@given(SEEDS, st.binary(), HMAC_KEYS)
def test_what_was_signed_verifies(seed: bytes, message: bytes, hmac_key: bytes | None) -> None:
    keys = generate(seed)
    assert verify(keys.public, sign(keys, message, hmac_key), message, hmac_key)
    assert verify_bytes(keys.public, sign_bytes(keys, message, hmac_key), message, hmac_key)


@given(SEEDS, st.binary(), HMAC_KEYS)
def test_another_message_does_not_verify(seed: bytes, message: bytes, hmac_key: bytes) -> None:
    keys = generate(seed)
    signature = sign(keys, message, hmac_key)
    assert not verify(keys.public, signature, message + b".", hmac_key)
    assert not verify(keys.public, signature, message, bytes(31) + b"\1")


def test_a_signature_of_another_length_does_not_verify() -> None:
    assert not verify(generate(bytes(32)).public, "AAAA.sig.ed25519", b"")


@given(SEEDS)
def test_keys_come_back_from_their_secret(seed: bytes) -> None:
    keys = generate(seed)
    assert from_secret(keys.secret) == keys
    assert read_base64(spell(keys.secret)) == keys.secret
    assert keys.id == f"@{spell(keys.public)}"


def test_the_secret_is_not_shown() -> None:
    assert "secret" not in repr(generate(bytes(32)))


def test_a_secret_whose_halves_disagree_is_refused() -> None:
    with pytest.raises(ValueError, match="halves"):
        from_secret(bytes(64))


@given(st.binary())
def test_base64_reads_what_it_wrote(data: bytes) -> None:
    text = b64encode(data).decode()
    assert read_base64(text) == data
    assert read_base64(f"@{text}.tag.more") == data
    assert read_base64(text.rstrip("=").replace("+", "-").replace("/", "_")) == data


# Recorded from Buffer.from(text, 'base64') of Node 20.
@pytest.mark.parametrize(
    ("text", "hex_bytes"),
    [
        ("YQ==YQ==", "61"),
        ("Y", ""),
        ("Y W\nJ j", "616263"),
        ("Y!WJj", "616263"),
        ("YWJ-_", "61627e"),
        ("YWJjZ", "616263"),
        ("=YWJj", ""),
        ("YWJj\u0141WJj", "616263016263"),
    ],
)
def test_base64_is_read_as_node_does(text: str, hex_bytes: str) -> None:
    assert read_base64(text).hex() == hex_bytes


def test_tags_and_sigils() -> None:
    assert tag_of("a.b.c") == "b.c"
    assert tag_of("abc") == "abc"
    assert has_sigil("@a")
    assert not has_sigil("a@")
