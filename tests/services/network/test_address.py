"""The addresses we give out, compared with what a real ssb-server answered, and those we dial."""

import pytest

from common.refs import raw
from services.network.address import Listening, Place, Target, announce, target

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
    here = Listening(KEY, (Place("0.0.0.0", 1, ALL, ("pub.example", "pub.test")),))
    assert announce(here, "public") == f"net:pub.example:1~shs:{KEY};net:pub.test:1~shs:{KEY}"
    assert announce(here, "local") == f"net:0.0.0.0:1~shs:{KEY}"


@pytest.mark.parametrize(
    "text",
    [
        NET,
        f"127.0.0.1:8008:@{KEY}.ed25519",
        f"ws:127.0.0.1:8989~shs:{KEY};{NET}",
        f"ws:a!;b:8989~shs:{KEY};{NET}",
        f"onion:abc.onion:8008~shs:{KEY};{NET};net:other:1~shs:{KEY}",
    ],
)
def test_target_is_the_first_alternative_over_net(text: str) -> None:
    assert target(text) == Target("127.0.0.1", 8008, raw(f"@{KEY}.ed25519"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "foo",
        "net:127.0.0.1:8008",
        f"ws:127.0.0.1:8989~shs:{KEY}",
        "net:127.0.0.1:8008~shs:AAAA",
        f"net:127.0.0.1:99999~shs:{KEY}",
        f"127.0.0.1:0:@{KEY}",
        f"127.0.0.1:0:@{KEY}.ed25519",
        f"127.0.0.1:-5:@{KEY}.ed25519",
        f"net:127.0.0.1:65536~shs:{KEY}",
        "~",
    ],
)
def test_what_cannot_be_dialled_is_no_target(text: str) -> None:
    assert target(text) is None
