from pathlib import Path

import pytest

from common.runtime import interfaces


def test_the_loopback_is_always_there() -> None:
    assert interfaces.addresses()[0] == "127.0.0.1"


def test_addresses_of_ipv6_come_without_those_of_one_link(tmp_path: Path) -> None:
    table = tmp_path / "if_inet6"
    table.write_text(
        "00000000000000000000000000000001 01 80 10 80       lo\n"
        "fe800000000000000000000000000001 02 40 20 80     eth0\n"
        "20010db8000000000000000000000002 02 40 00 00     eth0\n"
    )
    assert interfaces._ipv6(table) == ["::1", "2001:db8::2"]
    assert interfaces._ipv6(tmp_path / "absent") == []


@pytest.mark.parametrize(
    ("address", "scope"),
    [
        ("127.0.0.1", "device"),
        ("::1", "device"),
        ("192.168.1.2", "local"),
        ("10.0.0.1", "local"),
        ("fd00::1", "local"),
        ("8.8.8.8", "public"),
        ("2a00:1450::1", "public"),
    ],
)
def test_the_scope_is_who_can_reach_it(address: str, scope: str) -> None:
    assert interfaces.scope(address) == scope


def test_addresses_of_a_scope() -> None:
    scopes = ("device", "local", "public")
    assert sorted(a for s in scopes for a in interfaces.within(s)) == sorted(interfaces.addresses())
    assert "127.0.0.1" in interfaces.within("device")


def test_broadcasts_are_addresses_of_local_networks() -> None:
    for address in interfaces.broadcasts():
        assert interfaces.scope(address) == "local"
