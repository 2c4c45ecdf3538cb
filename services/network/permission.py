"""The rights of a key on a connection.

Knows the rules of the reference (ssb-master, ssb-no-auth, ssb-friends, secret-stack). Must never know sockets
or the bus. Called when a handshake asks whether to let somebody in.
"""

from collections.abc import Collection
from typing import Literal

from common.refs import FeedId

__all__ = ["ANONYMOUS", "MASTER", "Role", "role_of"]

Role = Literal["master", "anonymous"]
MASTER: Role = "master"
ANONYMOUS: Role = "anonymous"


def role_of(
    feed: FeedId,
    *,
    own: FeedId,
    masters: Collection[str],
    blocked: Collection[str],
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
    if not dialled and feed in masters:
        return MASTER
    return ANONYMOUS
