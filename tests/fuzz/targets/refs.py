"""Ids, addresses, invites, links and URIs, as they stand in messages, calls and broadcasts."""

from math import isfinite

from common.refs import hosts, ids, invites, legacy, links, multiserver, uris
from tests.fuzz import seeds
from tests.fuzz.registry import Target


def run_ids(data: bytes) -> None:
    text = seeds.as_text(data)
    makers = (
        (ids.is_feed, ids.feed_id),
        (ids.is_message, ids.message_id),
        (ids.is_blob, ids.blob_id),
    )
    for is_id, make in makers:
        if is_id(text):
            assert make(ids.raw(text))[:45] == text[:45]
            assert links.is_link(text) or "?" in text  # which may stand in the place of the dot
    ids.is_cloaked_message(text)
    ids.sigil_of_any_format(text)


def run_address(data: bytes) -> None:
    text = seeds.as_text(data)
    legacy.is_address(text)
    legacy.key_of(text)
    found = legacy.parse_address(text)
    if found is not None and found.is_valid:
        again = legacy.from_multiserver(found.multiserver())
        assert again is None or again.key[:45] == found.key[:45]
    fields = {"host": text, "port": text, "key": text}
    legacy.is_address_object(fields)


def run_host(data: bytes) -> None:
    text = seeds.as_text(data)
    hosts.is_host(text)
    port = hosts.number(text)
    assert not hosts.is_port(port) or isfinite(port)


def run_multiserver(data: bytes) -> None:
    text = seeds.as_text(data)
    addresses = multiserver.decode(text)
    assert (addresses is not None) == multiserver.is_multiserver(text)
    if addresses is not None:
        assert multiserver.decode(multiserver.encode(addresses)) == addresses


def run_invite(data: bytes) -> None:
    text = seeds.as_text(data)
    invite = invites.parse_invite(text)
    assert (invite is not None) == invites.is_invite(text)
    if invite is not None:
        assert ids.is_feed(invite.key)
        assert multiserver.is_multiserver(invite.remote)


def run_link(data: bytes) -> None:
    text = seeds.as_text(data)
    links.is_link(text)
    links.is_blob_link(text)
    links.is_message_link(text)
    links.parse_link(text)
    links.find_link(text)
    links.kind_of(text)
    channel = links.normalize_channel(text)
    assert channel is None or len(channel) <= links.MAX_CHANNEL_UNITS


def run_uri(data: bytes) -> None:
    text = seeds.as_text(data)
    uris.kind_of(text)
    uris.to_feed(text)
    uris.to_message(text)
    uris.to_blob(text)
    uris.to_address(text)
    uris.decompose(text)


def _inputs() -> list[bytes]:
    return seeds.texts("refs/generated-refs", "input")


_KEY = b"A" * 43 + b"="
_TOKENS = (
    b"net:",
    b"~shs:",
    b"!",
    b"!~",
    b";",
    b":",
    b"::",
    b"1.1.1.1",
    b"@" + _KEY + b".ed25519",
    b"%",
    b"%25",
    b"&amp;",
    b"a-",
    b"--",
    b"?unbox=",
    b"#",
    b"ssb:",
    b"/",
    b"=",
    b"0x",
    b"\xed\xa0\x80",
    b"\n",
    b"9",
)

TARGETS = {
    name: Target(run, _inputs, tokens=_TOKENS)
    for name, run in {
        "ids": run_ids,
        "address": run_address,
        "host": run_host,
        "multiserver": run_multiserver,
        "invite": run_invite,
        "link": run_link,
        "uri": run_uri,
    }.items()
}
