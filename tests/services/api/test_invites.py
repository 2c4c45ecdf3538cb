from typing import Any

import msgspec
import pytest

from common.bus import CallerError
from common.crypto.keys import generate
from services.api.invites import (
    Code,
    accepted,
    announcement,
    code_of,
    follow_of,
    fresh,
    refusal,
    shown,
    wish,
    written,
)

SEED = b"s" * 32
GUEST, USER, PUB = (generate(seed).id for seed in (SEED, b"u" * 32, b"p" * 32))
NET = f"net:pub.example.org:8008~shs:{PUB[1:-8]}"
WS = f"ws://pub.example.org:8989~shs:{PUB[1:-8]}"
NOW = 1_700_000_000_000.0


def made(*args: Any) -> Code:
    return fresh(wish(list(args), NOW), SEED, NOW)


@pytest.mark.parametrize(
    ("given", "uses"),
    [(None, 1), (0, 1), (3, 3), ({}, 1), ({"uses": "2"}, 2), ({"uses": "x"}, 1), ({"uses": 0}, 1)],
)
def test_uses_are_read_as_the_reference_reads_them(given: Any, uses: int) -> None:
    assert wish([given], NOW).uses == uses
    assert wish([], NOW).uses == 1
    assert wish([{"modern": True, "uses": 9}], NOW).uses == 1


@pytest.mark.parametrize(
    "given",
    [
        "x",
        True,
        [],
        -1,
        1.5,
        1e9,
        {"external": "no host"},
        {"external": 5},
        {"note": "x" * 1001},
        {"label": 1},
        {"expires": "soon"},
        {"expires": NOW},
        {"expires": 1e300},
    ],
)
def test_what_makes_no_sense_is_refused(given: Any) -> None:
    with pytest.raises(CallerError):
        wish([given], NOW)


def test_codes_name_the_first_address_or_the_host_that_is_wanted() -> None:
    both = f"{NET};{WS}"
    seed = written(made_wish(1), both, SEED, private=False).rpartition("~")[2]
    assert written(made_wish(1), both, SEED, private=False) == f"pub.example.org:8008:{PUB}~{seed}"
    outside = written(made_wish({"external": "b.onion"}), both, SEED, private=False)
    assert outside == f"b.onion:8008:{PUB}~{seed}"
    modern = written(made_wish({"modern": True}), both, SEED, private=False)
    assert modern == f"{WS}:{seed}"
    for code in (outside, modern, f'"{outside}"', f"{outside}#/web"):
        assert (accepted([code]).key, accepted([{"invite": code}]).seed) == (PUB, seed)
    v6 = f"net:2001:db9::1:8008~shs:{PUB[1:-8]}"
    code = written(made_wish(1), v6, SEED, private=False)
    assert accepted([code]).address.host == "2001:db9::1"


def made_wish(given: Any) -> Any:
    return wish([given], NOW)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "192.168.1.2", "10.0.0.1", "172.17.0.2", "localhost", "::1", "fe80::1"]
)
def test_no_code_for_a_host_that_nobody_reaches(host: str) -> None:
    address = f"net:{host}:8008~shs:{PUB[1:-8]}"
    with pytest.raises(CallerError, match="no public ip address"):
        written(made_wish(1), address, SEED, private=False)
    assert written(made_wish(1), address, SEED, private=True).startswith(f"{host}:8008:")
    named = written(made_wish({"external": "pub.example.org"}), address, SEED, private=False)
    assert named.startswith("pub.example.org:8008:")


def test_no_code_without_an_address_of_its_kind() -> None:
    for address, given, why in (
        (None, 1, "no address available"),
        ("unix:/x~noauth", 1, "Could not parse host"),
        (NET, {"modern": True}, "not a ws address"),
    ):
        with pytest.raises(CallerError, match=why):
            written(made_wish(given), address, SEED, private=True)


def test_a_code_is_good_until_it_is_used_up_ended_or_taken_back() -> None:
    code = made({"uses": 2, "expires": "1d", "note": "hi", "label": "club"})
    assert code.id == GUEST
    assert refusal(code, USER, NOW, follows=False) is None
    assert refusal(code, USER, NOW, follows=True) == "already following"
    assert refusal(code, None, NOW, follows=False) == "feed to follow is missing"
    assert refusal(code, "x", NOW, follows=False) == "feed to follow is not a feed id"
    assert refusal(None, USER, NOW, follows=False) == "this invite is not known here any more"
    replace = msgspec.structs.replace
    for changed, later, state in (
        (replace(code, used=1), 0, "open"),
        (replace(code, used=2), 0, "used up"),
        (code, 86_400_000, "expired"),
        (replace(code, revoked=NOW), 0, "revoked"),
    ):
        assert shown(changed, NOW + later)["state"] == state
        refused = refusal(changed, USER, NOW + later, follows=False)
        assert (refused is None) == (state == "open")
    assert follow_of(code, USER)["note"] == "hi"
    assert "note" not in follow_of(made(1), USER)


def test_a_code_is_known_by_itself_and_by_its_id() -> None:
    code = written(made_wish(1), NET, SEED, private=False)
    assert code_of(code) == code_of(GUEST) == GUEST
    assert code_of("x") is None


@pytest.mark.parametrize("given", [None, 5, "", "x", '"', NET, f"{NET}:short", f"{NET};{WS}"])
def test_what_is_no_code_is_not_accepted(given: Any) -> None:
    with pytest.raises(CallerError):
        accepted([given])


def test_who_was_let_in_says_where_the_pub_is() -> None:
    code = accepted([written(made_wish(1), NET, SEED, private=False)])
    follow, pub = announcement(code)
    assert follow["contact"] == PUB
    assert pub["address"] == {"host": "pub.example.org", "port": 8008, "key": PUB}
