"""The rights of a key on a connection.

Knows the rules of the reference (ssb-master, ssb-no-auth, ssb-friends, ssb-invite, secret-stack). Must never know sockets
or the bus. Called when a handshake asks whether to let somebody in.
"""

from collections.abc import Collection
from typing import Literal

from common.refs import FeedId

__all__ = ["ANONYMOUS", "GUEST", "MASTER", "Role", "role_of"]

Role = Literal["master", "anonymous", "guest"]
MASTER: Role = "master"
ANONYMOUS: Role = "anonymous"
GUEST: Role = "guest"
"""A key that grew from the seed of an invite: it may use the invite, and nothing else."""


def role_of(
    feed: FeedId,
    *,
    own: FeedId,
    masters: Collection[str],
    blocked: Collection[str],
    guests: Collection[str],
    transport: str,
    dialled: bool,
) -> Role | None:
    """The rights of a key on a connection; None when it is let in nowhere.

    Whom we dialled has the anonymous rights, whoever it is (secret-stack: `isClient`); our own key and the
    local socket are let in whatever our feed says; a key that our feed blocks is refused, listed or not
    (ssb-friends hooks `auth` outside ssb-master).
    """
    if not dialled and (transport == "unix" or feed == own):
        return MASTER
    if feed in blocked and feed != own:
        return None
    if dialled:
        return ANONYMOUS
    return MASTER if feed in masters else GUEST if feed in guests else ANONYMOUS
