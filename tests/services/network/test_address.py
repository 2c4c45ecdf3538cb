"""The addresses we give out, compared with what a real ssb-server answered."""

import pytest

from services.network.address import Listening, Place, announce

KEY = "vzRNnCthw0bxra7ivAJDWTe37EXrUIQHVUWnTacN12s="
ALL = ("device", "local", "public")
NET = f"net:127.0.0.1:8008~shs:{KEY}"
HERE = Listening(KEY, (Place("127.0.0.1", 8008, ALL),), "/tmp/a~b/socket")


@pytest.mark.parametrize("scope", [None, "", "device"])
def test_device_scope_is_the_default_and_has_the_unix_socket(scope: str | None) -> None:
    assert announce(HERE, scope) == f"{NET};unix:/tmp/a!~b/socket~noauth"


def test_other_scopes_have_the_places_that_name_them() -> None:
    assert announce(HERE, "local") == NET
    assert announce(HERE, "public") == NET
    assert announce(HERE, "x") is None
    assert announce(HERE, {"no": "scope"}) is None


def test_public_scope_takes_the_external_names() -> None:
    here = Listening(KEY, (Place("10.0.0.5", 1, ALL, ("pub.example", "pub.test")),))
    assert announce(here, "public") == f"net:pub.example:1~shs:{KEY};net:pub.test:1~shs:{KEY}"
    assert announce(here, "local") == f"net:10.0.0.5:1~shs:{KEY}"


MACHINE = {
    "device": ["127.0.0.1", "::1"],
    "local": ["10.0.0.5", "fd00::5"],
    "public": ["192.0.2.5"],
}


@pytest.mark.parametrize(
    ("host", "scope", "hosts"),
    [
        ("", "local", ["10.0.0.5", "fd00::5"]),
        ("", "device", ["127.0.0.1", "::1"]),
        ("0.0.0.0", "local", ["10.0.0.5"]),
        ("::", "local", ["fd00::5"]),
        ("0.0.0.0", "public", ["192.0.2.5"]),
        ("::", "public", []),
    ],
)
def test_who_listens_on_all_addresses_gives_out_those_of_the_scope(
    host: str, scope: str, hosts: list[str]
) -> None:
    here = Listening(KEY, (Place(host, 8008, ALL),))
    expected = ";".join(f"net:{host}:8008~shs:{KEY}" for host in hosts) or None
    assert announce(here, scope, MACHINE.__getitem__) == expected
    assert announce(here, scope) is None
    named = Listening(KEY, (Place(host, 8008, ALL, ("pub.test",)),))
    assert announce(named, "public", MACHINE.__getitem__) == f"net:pub.test:8008~shs:{KEY}"


@pytest.mark.parametrize(
    ("carrier", "host", "port", "text"),
    [
        ("ws", "127.0.0.1", 8989, "ws://127.0.0.1:8989"),
        ("ws", "::1", 8989, "ws://[::1]:8989"),
        ("ws", "pub.test", 80, "ws://pub.test"),
        ("wss", "pub.test", 443, "wss://pub.test"),
        ("wss", "pub.test", 80, "wss://pub.test:80"),
        ("net", "::1", 8008, "net:::1:8008"),
        ("net", "fe80::1%eth0", 8008, "net:fe80::1:8008"),
        ("ws", "fe80::1%eth0", 1, "ws://[fe80::1]:1"),
    ],
)
def test_places_are_written_as_multiserver_does(
    carrier: str, host: str, port: int, text: str
) -> None:
    here = Listening(KEY, (Place(host, port, ("local",), (), carrier),))
    assert announce(here, "local") == f"{text}~shs:{KEY}"


def test_net_and_ws_stand_in_the_order_in_which_we_listen() -> None:
    ws = Place("127.0.0.1", 8989, ALL, (), "ws")
    here = Listening(KEY, (*HERE.places, ws), HERE.socket)
    assert announce(here) == (f"{NET};ws://127.0.0.1:8989~shs:{KEY};unix:/tmp/a!~b/socket~noauth")
