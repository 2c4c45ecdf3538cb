"""Roles, after features.md 1.0 and the plugins of the reference."""

import pytest

from common.refs import FeedId, feed_id
from services.network.permission import ANONYMOUS, GUEST, MASTER, Role, role_of

OWN, ADMIN, FOE, STRANGER, INVITED = (feed_id(bytes([n]) * 32) for n in range(5))


@pytest.mark.parametrize(
    ("feed", "transport", "dialled", "role"),
    [
        (OWN, "net", False, MASTER),
        (OWN, "unix", False, MASTER),
        (OWN, "net", True, ANONYMOUS),
        (ADMIN, "net", False, MASTER),
        (ADMIN, "net", True, ANONYMOUS),
        (STRANGER, "net", False, ANONYMOUS),
        (STRANGER, "net", True, ANONYMOUS),
        (STRANGER, "unix", False, MASTER),
        (FOE, "net", False, None),
        (INVITED, "net", False, GUEST),
        (INVITED, "net", True, ANONYMOUS),
        (INVITED, "unix", False, MASTER),
        (FOE, "net", True, None),
        (FOE, "unix", False, MASTER),
    ],
)
def test_role_follows_key_transport_and_who_dialled(
    feed: FeedId, transport: str, *, dialled: bool, role: Role | None
) -> None:
    found = role_of(
        feed,
        own=OWN,
        masters={ADMIN},
        blocked={FOE},
        guests={INVITED},
        transport=transport,
        dialled=dialled,
    )
    assert found == role


def test_a_blocked_master_is_refused_and_our_own_key_never() -> None:
    blocked = {ADMIN, OWN}
    for feed, role in ((ADMIN, None), (OWN, MASTER)):
        found = role_of(
            feed,
            own=OWN,
            masters={ADMIN},
            blocked=blocked,
            guests=(),
            transport="net",
            dialled=False,
        )
        assert found == role
