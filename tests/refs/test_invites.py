from hypothesis import given
from hypothesis import strategies as st

from common.refs import feed_id
from common.refs.invites import Invite, is_invite, is_legacy_invite, parse_invite

KEY = feed_id(bytes(32))
SEED = KEY[1:45]
REMOTE = f"net:localhost:8008~shs:{SEED}"


@given(st.sampled_from(["localhost", "1.2.3.4", "pub.example.com"]), st.integers(1, 65536))
def test_both_forms_lead_to_the_same(host: str, port: int) -> None:
    old = parse_invite(f"{host}:{port}:{KEY}~{SEED}")
    assert old is not None
    assert parse_invite(old.invite) == old


def test_a_redirect_is_kept() -> None:
    code = f"{REMOTE}:{SEED}"
    assert parse_invite(f"{code}#a#b") == Invite(code, KEY, REMOTE, "#a#b")
    assert parse_invite(f"localhost:8008:{KEY}~{SEED}#x") == Invite(code, KEY, REMOTE, "#x")


def test_an_old_invite_without_host_or_port_has_defaults() -> None:
    invite = parse_invite(f":0:{KEY}~{SEED}")
    assert invite is not None
    assert invite.remote == REMOTE


def test_what_is_no_invite() -> None:
    assert is_invite(f"{REMOTE}:{SEED}")
    assert not is_legacy_invite(f"{REMOTE}:{SEED}")
    assert not is_invite("net:localhost:8008")
    assert parse_invite("") is None


def test_only_the_last_line_has_a_redirect() -> None:
    assert not is_legacy_invite(f"localhost:8008:{KEY}~{SEED}#a\nb")
    assert not is_invite("#" * 100_000 + "\n")
