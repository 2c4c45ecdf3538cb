import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.refs import blob_id, feed_id, message_id
from common.refs.uris import (
    Parts,
    decompose,
    from_address,
    from_blob,
    from_feed,
    from_message,
    kind_of,
    to_address,
    to_blob,
    to_feed,
    to_message,
)

KEYS = st.binary(min_size=32, max_size=32)


@given(KEYS)
def test_ids_come_back_from_their_uris(key: bytes) -> None:
    assert to_feed(from_feed(feed_id(key))) == feed_id(key)
    assert to_message(from_message(message_id(key))) == message_id(key)
    assert to_blob(from_blob(blob_id(key))) == blob_id(key)
    assert decompose(from_feed(feed_id(key))) == Parts("feed", "classic", feed_id(key)[1:45])


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_addresses_come_back_from_their_uris(address: str) -> None:
    uri = from_address(address)
    assert to_address(uri) == address
    assert kind_of(uri) == ("address", "multiserver")


def test_a_uri_is_of_one_type() -> None:
    uri = from_feed(feed_id(bytes(32)))
    assert to_message(uri) is None
    assert to_blob(uri) is None
    assert to_feed("ssb:blob/classic/AAAA") is None


@pytest.mark.parametrize(
    ("uri", "kind"),
    [
        ("ssb:message:sha256:AAAA", ("message", "classic")),
        ("ssb://message/sha256/AAAA", ("message", "classic")),
        ("ssb:message/cloaked/AAAA?x#y", ("message", "cloaked")),
        ("ssb:identity/po-box/AAAA\n", ("identity", "po-box")),
        ("ssb:experimental?action=x", ("experimental", "")),
        ("ssb:message/cloaked:AAAA", None),
        ("ssb:message/cloaked/", None),
        ("ssb:message/bendybutt-v2/AAAA", None),
        ("ssb:foo/bar/AAAA", None),
        ("ssb:address/multiserver?x=y", None),
        ("SSB:message/sha256/AAAA", None),
        ("", None),
    ],
)
def test_kinds(uri: str, kind: tuple[str, str] | None) -> None:
    assert kind_of(uri) == kind


def test_an_address_needs_a_scheme_before_it() -> None:
    assert to_address("multiserverAddress?multiserverAddress=x") is None
    assert to_address("http://x/?a&multiserverAddress=x+y") == "x y"


def test_parts() -> None:
    assert decompose("ssb:feed/ed25519/A-_A/B-") == Parts("feed", "classic", "A+/A", "B+")
    assert decompose("ssb:foo/bar/AAAA") == Parts("foo", "bar", "AAAA")
    assert decompose("ssb:feed/foo/AAAA") is None
    assert decompose("ssb:feed/classic") is None
