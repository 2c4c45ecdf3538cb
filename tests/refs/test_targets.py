"""Where addresses lead: every way that can be dialled, and nothing that cannot."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.refs import FeedId
from common.refs.targets import MAX_TARGETS, Target, targets

BASE64 = "vzRNnCthw0bxra7ivAJDWTe37EXrUIQHVUWnTacN12s="
OTHER = "gzRNnCthw0bxra7ivAJDWTe37EXrUIQHVUWnTacN12s="
KEY = FeedId(f"@{BASE64}.ed25519")
SHS = f"~shs:{BASE64}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"net:127.0.0.1:8008{SHS}", ("net", "127.0.0.1", 8008)),
        (f"net::8008{SHS}", ("net", "localhost", 8008)),
        (f"127.0.0.1:8008:{KEY}", ("net", "127.0.0.1", 8008)),
        (f"net:::1:8008{SHS}", ("net", "::1", 8008)),
        (f"net:[::1]:8008{SHS}", ("net", "::1", 8008)),
        (f"net:fc00:1::2:8008{SHS}", ("net", "fc00:1::2", 8008)),
        (f"net:fe80::1%eth0:8008{SHS}", ("net", "fe80::1%eth0", 8008)),
        (f"::1:8008:{KEY}", ("net", "::1", 8008)),
        (f"onion:abc.onion:8008{SHS}", ("onion", "abc.onion", 8008)),
        (f"ws:pub.test:8989{SHS}", ("ws", "pub.test", 8989)),
        (f"ws://pub.test:8989{SHS}", ("ws", "pub.test", 8989)),
        (f"ws://[::1]:8989{SHS}", ("ws", "::1", 8989)),
        (f"ws://pub.test{SHS}", ("ws", "pub.test", 80)),
        (f"wss://pub.test{SHS}", ("wss", "pub.test", 443)),
        (f"wss://pub.test/a/b?c=d{SHS}", ("wss", "pub.test", 443, "/a/b?c=d")),
    ],
)
def test_all_forms_that_lead_somewhere(text: str, expected: tuple[object, ...]) -> None:
    (found,) = targets(text)
    carrier, host, port, *path = expected
    assert found == Target(carrier, host, port, KEY, *path)  # type: ignore[arg-type]


def test_alternatives_keep_their_order_and_unknown_ones_are_passed_over() -> None:
    text = f"tunnel:@x:@y{SHS};ws://a.b:1{SHS};net:a.b:2{SHS};onion:c.onion:3{SHS}"
    assert [way.carrier for way in targets(text)] == ["ws", "net", "onion"]


def test_alternatives_of_another_key_are_no_way_to_the_first() -> None:
    assert [w.port for w in targets(f"net:a.b:1{SHS};net:a.b:2~shs:{OTHER};ws://a.b:3{SHS}")] == [
        1,
        3,
    ]


def test_a_long_list_is_cut() -> None:
    assert len(targets(";".join([f"net:a.b:1{SHS}"] * 50))) == MAX_TARGETS


@pytest.mark.parametrize(
    "text",
    [
        "",
        "~",
        "foo",
        KEY,
        f":8008:{KEY}",
        "net:127.0.0.1:8008",
        "net:127.0.0.1:8008~shs:AAAA",
        "net:127.0.0.1:8008~shs",
        "net:127.0.0.1:8008~noauth",
        f"net:127.0.0.1:8008{SHS}{SHS}",
        f"net:127.0.0.1:99999{SHS}",
        f"net:127.0.0.1:65536{SHS}",
        f"net:127.0.0.1:0{SHS}",
        f"net:127.0.0.1:x{SHS}",
        f"net:[::1:8008{SHS}",
        f"net:a b:8008{SHS}",
        f"ws://a.b:99999{SHS}",
        f"ws://[::1:80{SHS}",
        f"ws://{SHS}",
        f"127.0.0.1:0:@{BASE64}",
        f"127.0.0.1:0:{KEY}",
        f"127.0.0.1:-5:{KEY}",
        f"unix:/tmp/socket{SHS}",
    ],
)
def test_what_leads_nowhere(text: str) -> None:
    assert [way for way in targets(text) if way.host != "localhost"] == []


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        (f"onion:abc.onion:8008{SHS}", True),
        (f"net:abc.onion:8008{SHS}", True),
        (f"ws://ABC.Onion.:80{SHS}", True),
        (f"abc.onion:8008:{KEY}", True),
        (f"net:onion.test:8008{SHS}", False),
    ],
)
def test_onion_hosts_are_known_whatever_carries_them(text: str, *, hidden: bool) -> None:
    assert [way.is_hidden for way in targets(text)] == [hidden]


def test_a_place_is_readable() -> None:
    assert [way.place for way in targets(f"net:::1:8008{SHS};net:a.b:1{SHS}")] == [
        "[::1]:8008",
        "a.b:1",
    ]


@given(st.text())
def test_any_text_gives_ways_that_can_be_dialled_or_none(text: str) -> None:
    for way in (*targets(text), *targets(f"{text}{SHS}")):
        assert 0 < way.port < 1 << 16
        assert way.host
