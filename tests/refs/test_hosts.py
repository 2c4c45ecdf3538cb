import math

import pytest

from common.refs.hosts import is_host, is_port, number


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "256.1.1.1",
        "::1",
        "fe80::1",
        "::ffff:127.0.0.1",
        "",
        "localhost",
        "wss://example.com",
        "example.com.",
        "a_b.example.com",
        "xn--9ca.com",
        "x.onion",
    ],
)
def test_hosts(host: str) -> None:
    assert is_host(host)


@pytest.mark.parametrize(
    "host",
    [
        None,
        1,
        "example",
        "a_b.com",
        "ex ample.com",
        "-a.com",
        "a-.com",
        "a--b.com",
        "a..com",
        "example.123",
        f"{'a' * 64}.com",
        f"{'a.' * 130}com",
        ".",
    ],
)
def test_no_hosts(host: object) -> None:
    assert not is_host(host)


@pytest.mark.parametrize("port", [0, 1, 65536, -1, 8008.0])
def test_ports(port: object) -> None:
    assert is_port(port)


@pytest.mark.parametrize("port", [65537, 80.5, True, "80", None, math.nan, math.inf])
def test_no_ports(port: object) -> None:
    assert not is_port(port)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", 0),
        (" 80\u2028", 80),
        ("0x1F", 31),
        ("0b11", 3),
        ("0O17", 15),
        ("1e3", 1000),
        (".5", 0.5),
        ("5.", 5),
        ("-Infinity", -math.inf),
        ("+Infinity", math.inf),
    ],
)
def test_numbers_are_read_as_javascript_does(text: str, value: float) -> None:
    assert number(text) == value


@pytest.mark.parametrize(
    "text", ["a", "0x", "0xg", "0x_1", "0b2", "-0x1", "1_0", "1 2", "inf", "\u0661"]
)
def test_what_is_no_number_is_nan(text: str) -> None:
    assert math.isnan(number(text))


def test_a_host_made_to_be_slow_is_not() -> None:
    assert not is_host("111.11.11.1111" * 4 + "!")
    assert not is_host("1:" * 100_000)
    assert is_host("111.111.111.111aaaa::" * 8 + "::")
