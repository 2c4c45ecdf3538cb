"""What an address and its data tell, whoever wrote them."""

import pytest

from services.peers.model.entry import entry_of, host_and_port, inferred_type, is_loopback

KEY = "vzRNnCthw0bxra7ivAJDWTe37EXrUIQHVUWnTacN12s="


@pytest.mark.parametrize(
    ("address", "place"),
    [
        (f"net:a.example:8008~shs:{KEY}", ("a.example", 8008)),
        (f"net:[::1]:8008~shs:{KEY}", ("::1", 8008)),
        (f"net:fe80!:!:1:8008~shs:{KEY}", ("fe80::1", 8008)),
        (f"ws:a.example:8989~shs:{KEY}", ("a.example", 8989)),
        ("net:a.example:8008", ("a.example", 8008)),
        ("net:a.example:x", ("a.example", 0)),
        ("bt:aabb", ("", 0)),
        ("foo bar", ("", 0)),
    ],
)
def test_where_an_address_leads(address: str, place: tuple[str, int]) -> None:
    assert host_and_port(address) == place


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "127.1.2.3", "::1", "0.0.0.0", "::", "::ffff:127.0.0.1"]
)
def test_this_machine_has_many_names(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["10.0.0.1", "2001:db8::1", "::ffff:10.0.0.1", "a.example", ""])
def test_others_are_others(host: str) -> None:
    assert not is_loopback(host)


def test_one_way_to_this_machine_among_others_is_enough() -> None:
    address = f"net:a.example:1~shs:{KEY};ws:127.0.0.1:2~shs:{KEY}"
    assert entry_of(address, {}).is_loopback
    assert not entry_of(f"net:a.example:1~shs:{KEY}", {}).is_loopback
    assert entry_of("net:localhost:1", {}).is_loopback


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("bt:aabb", "bt"),
        (f"dht:x~shs:{KEY}", "dht"),
        (f"tunnel:x~shs:{KEY}", "tunnel"),
        (f"net:10.0.0.1:1~shs:{KEY}", "lan"),
        (f"net:localhost:1~shs:{KEY}", "lan"),
        (f"net:a.example:1~shs:{KEY}", "internet"),
        ("net:", None),
        (f"ws:10.0.0.1:1~shs:{KEY}", None),
    ],
)
def test_what_ssb_conn_hub_guesses(address: str, kind: str | None) -> None:
    assert inferred_type(address) == kind
