"""What counts as one address of this machine."""

import pytest

from services.peers.model.whereabouts import network_of


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::abcd", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("127.0.0.1", None),
        ("::ffff:127.0.0.1", None),
        ("::1", None),
        ("", None),
        ("a.example", None),
    ],
)
def test_an_address_counts_as(address: str, network: str | None) -> None:
    assert network_of(address) == network
