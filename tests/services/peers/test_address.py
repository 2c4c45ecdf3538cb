"""What callers may give as the address of a peer."""

import pytest

from common.refs import FeedId
from services.peers.address import Found, read

KEY = "vzRNnCthw0bxra7ivAJDWTe37EXrUIQHVUWnTacN12s="
FEED = FeedId(f"@{KEY}.ed25519")
NET = f"net:pub.example.org:8008~shs:{KEY}"
FOUND = Found(FEED, NET, "pub.example.org", 8008)


@pytest.mark.parametrize(
    "value",
    [
        NET,
        f"pub.example.org:8008:{FEED}",
        {"address": NET},
        {"address": NET, "key": "ignored"},
        {"host": "pub.example.org", "port": 8008, "key": FEED},
        {"host": "pub.example.org", "port": "8008", "key": FEED},
        {"host": "pub.example.org", "port": "0x1f48 ", "key": FEED},
    ],
)
def test_every_form_of_the_reference_is_read(value: object) -> None:
    assert read(value) == FOUND


@pytest.mark.parametrize(
    "value",
    [
        None,
        5,
        "",
        "foo",
        FEED,
        {},
        {"address": "foo"},
        {"host": "pub.example.org", "port": 99_999, "key": FEED},
        {"host": "pub.example.org", "port": 8008, "key": "foo"},
        "net:pub.example.org:8008",
        "net:pub.example.org:8008~shs:AAAA",
    ],
)
def test_what_is_no_address_is_none(value: object) -> None:
    assert read(value) is None


@pytest.mark.parametrize(
    ("address", "host", "port"),
    [
        (f"net:::1:8008~shs:{KEY}", "::1", 8008),
        (f"net:[::1]:8008~shs:{KEY}", "::1", 8008),
        (f"ws:pub.example.org:8989~shs:{KEY}", "pub.example.org", 8989),
        (f"onion:abc.onion:8008~shs:{KEY};{NET}", "abc.onion", 8008),
    ],
)
def test_other_carriers_and_ipv6_are_read_whole(address: str, host: str, port: int) -> None:
    assert read(address) == read({"address": address}) == Found(FEED, address, host, port)
