"""Invite codes: an address and the seed of the key that a pub will accept, once or a few times.

Two forms, `host:port:key~seed` and `net:host:port~shs:key:seed`; anything after `#` is kept as redirect.
Behaves as ssb-ref 2.16.0.
"""

import re
from dataclasses import dataclass, replace

from common.refs.legacy import (
    DEFAULT_HOST,
    DEFAULT_PORT,
    from_multiserver,
    from_text,
    is_address,
)

_LINE_BREAKS = "\n\r\u2028\u2029"
_SEED = re.compile(r"[A-Za-z0-9/+]{43}=")


@dataclass(frozen=True, slots=True)
class Invite:
    """A code in its multiserver form, whom it leads to, and where."""

    invite: str
    key: str
    remote: str
    redirect: str | None = None


def is_legacy_invite(text: str) -> bool:
    """Whether a text is `address~seed` in the older form."""
    parts = _without_redirect(text).split("~")
    return len(parts) == 2 and is_address(parts[0]) and _SEED.fullmatch(parts[1]) is not None


def is_invite(text: str) -> bool:
    """Whether a text can be used as an invite; any address we can dial passes, seed or none."""
    return is_legacy_invite(text) or _multiserver_invite(text) is not None


def parse_invite(text: str) -> Invite | None:
    """The parts of an invite of either form, None when it is none."""
    return _legacy_invite(text) if is_legacy_invite(text) else _multiserver_invite(text)


def _legacy_invite(text: str) -> Invite:
    code, redirect = _parted(text)
    where, _, seed = code.partition("~")
    found = from_text(where)
    address = replace(found, host=found.host or DEFAULT_HOST, port=found.port or DEFAULT_PORT)
    remote = address.multiserver()
    return Invite(f"{remote}:{seed}", address.key, remote, redirect)


def _multiserver_invite(text: str) -> Invite | None:
    code, redirect = _parted(text)
    address = from_multiserver(code)
    if address is None:
        return None
    return Invite(code, address.key, address.multiserver(), redirect)


def _parted(text: str) -> tuple[str, str | None]:
    code, mark, redirect = text.partition("#")
    return code, mark + redirect if mark else None


def _without_redirect(text: str) -> str:
    """Without all from the first `#` of the last line."""
    last_line = max(text.rfind(mark) for mark in _LINE_BREAKS) + 1
    mark = text.find("#", last_line)
    return text if mark < 0 else text[:mark]
