"""Invites: codes that let somebody in who then is followed; what is asked for, what becomes of each.

Knows the rules, shapes and texts of ssb-invite 2.1.8, and what is ours beyond them: labels, an end in time, and taking one
back. Pure: the clock, randomness, addresses and the book of codes are arguments. Called by the handlers and the book.
"""

import re
from base64 import b64decode, b64encode
from ipaddress import ip_address
from math import isnan
from typing import Any, Literal, NamedTuple

import msgspec

from common.bus import CallerError
from common.crypto.keys import generate
from common.feed.javascript import is_number, is_truthy
from common.feed.options import MAX_SAFE
from common.refs import FeedId, is_feed
from common.refs.hosts import is_host
from common.refs.invites import parse_invite
from common.refs.legacy import LegacyAddress, parse_address
from common.refs.multiserver import decode

__all__ = [
    "Accepted",
    "Code",
    "Wish",
    "accepted",
    "announcement",
    "code_of",
    "follow_of",
    "fresh",
    "refusal",
    "shown",
    "state_of",
    "wish",
    "written",
]

SEED_BYTES = 32
MAX_USES = 1_000_000
MAX_NOTE = 1_000
"""UTF-16 or any units of a note or label: it is published with every use, or shown in tables."""
MAX_GUESTS = 1_000
"""Feeds remembered that came with one code."""
UNITS_MS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}

NO_ADDRESS = (
    "no address available for creating an invite,configuration needed for server.\n"
    "see: https://github.com/ssbc/ssb-config/#connections"
)
NOT_PUBLIC = "Server has no public ip address, cannot create useable invitation"

REFUSALS = {
    "revoked": "invite was revoked",
    "used up": "invite has expired",
    "expired": "invite has expired",
}

_SPAN = re.compile(r"([0-9]{1,6})([mhdw])")


class Code(msgspec.Struct, frozen=True, omit_defaults=True):
    """One invite as it is kept; `id` is the key that grows from its seed, times are milliseconds since 1970.

    The seed is kept nowhere: whoever has the code has it.
    """

    id: str
    total: int
    created: float
    used: int = 0
    note: str | None = None
    label: str | None = None
    expires: float | None = None
    revoked: float | None = None
    guests: tuple[str, ...] = ()


class Wish(NamedTuple):
    """What somebody who creates an invite wants; `expires` is a time, or None."""

    uses: int
    modern: bool
    external: str | None
    note: str | None
    label: str | None
    expires: float | None


class Accepted(NamedTuple):
    """A code that is to be used: where its pub is, whose it is, and the seed in base64."""

    remote: str
    key: FeedId
    seed: str
    address: LegacyAddress


def wish(args: list[Any], now: float) -> Wish:
    """What `invite.create` asks for: a number of uses, or `{uses, modern, external, note, label, expires}`.

    Raises:
        CallerError: the argument is neither, or one of its members cannot be.
    """
    given = args[0] if args else None
    if is_number(given):
        given = {"uses": given}
    elif given is None or given is False or given == "":
        given = {}
    if not isinstance(given, dict):
        raise CallerError("Param 0 must by of type number|object")
    external = given.get("external")
    if external is not None and not (isinstance(external, str) and is_host(external)):
        raise CallerError("invite.create: external must be a host")
    modern = is_truthy(given.get("modern"))
    return Wish(
        uses=1 if modern else _uses(given.get("uses")),
        modern=modern,
        external=external or None,
        note=_text(given, "note"),
        label=_text(given, "label"),
        expires=_time(given.get("expires"), now),
    )


def written(wanted: Wish, address: str | None, seed: bytes, *, private: bool) -> str:
    """The code for an invite: our first address (of a modern one: of WebSockets), and the seed.

    `address` is what our server is reached by from outside, `private` the setting `allowPrivate`.

    Raises:
        CallerError: there is no address that others reach.
    """
    if not address:
        raise CallerError(NO_ADDRESS)
    ways = address.split(";")
    found = parse_address(ways[0])
    if found is None:
        raise CallerError(f"Could not parse host portion from server address:{ways[0]}")
    host = wanted.external or found.host
    if not private and _is_private(host.partition("//")[2] or host):
        raise CallerError(NOT_PUBLIC)
    encoded = b64encode(seed).decode()
    if not wanted.modern:
        return f"{host}:{int(found.port)}:{found.key}~{encoded}"
    way = next((way for way in ways if way.startswith("ws")), None)
    if way is None:
        raise CallerError(f"not a ws address:{ways[0]}")
    return f"{way}:{encoded}"


def fresh(wanted: Wish, seed: bytes, now: float) -> Code:
    """The invite that grows from a seed of 32 bytes."""
    return Code(
        id=generate(seed).id,
        total=wanted.uses,
        created=now,
        note=wanted.note,
        label=wanted.label,
        expires=wanted.expires,
    )


def code_of(text: str) -> str | None:
    """The id of the invite that is meant: itself, or a whole code; None where it is neither."""
    if is_feed(text):
        return text
    found = _parted(text)
    return None if found is None else generate(b64decode(found.seed)).id


def refusal(code: Code | None, feed: object, now: float, *, follows: bool) -> str | None:
    """Why an invite cannot be used by a feed now; None when it can."""
    if code is None:
        return "this invite is not known here any more"
    if follows:
        return "already following"
    if not is_truthy(feed):
        return "feed to follow is missing"
    if not is_feed(feed):
        return "feed to follow is not a feed id"
    state = state_of(code, now)
    return None if state == "open" else REFUSALS[state]


def shown(code: Code, now: float) -> dict[str, Any]:
    """An invite as `invite.list` tells it."""
    return {**msgspec.to_builtins(code), "used": code.used, "state": state_of(code, now)}


def state_of(code: Code, now: float) -> Literal["open", "revoked", "used up", "expired"]:
    """What has become of an invite."""
    if code.revoked is not None:
        return "revoked"
    if code.used >= code.total:
        return "used up"
    return "expired" if code.expires is not None and now >= code.expires else "open"


def follow_of(code: Code, feed: FeedId) -> dict[str, Any]:
    """What we publish when an invite is used."""
    said: dict[str, Any] = {"type": "contact", "contact": feed, "following": True, "pub": True}
    return said if code.note is None else said | {"note": code.note}


def accepted(args: list[Any]) -> Accepted:
    """The code that `invite.accept` is given: a text, perhaps in quotes, or `{invite}`.

    Raises:
        CallerError: it is none.
    """
    given = args[0] if args else None
    text = given.get("invite") if isinstance(given, dict) else given
    if not isinstance(text, str):
        raise CallerError("Param 0 must by of type string")
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1]
    found = _parted(text)
    if found is None:
        raise CallerError(f"ssb-invite failed to parse invite {text[:200]}")
    return found


def announcement(code: Accepted) -> list[dict[str, Any]]:
    """What whoever was let in publishes: that he follows the pub, and where it is."""
    follow = {"type": "contact", "following": True, "autofollow": True, "contact": code.key}
    where = {"host": code.address.host, "port": int(code.address.port), "key": code.key}
    return [follow, {"type": "pub", "address": where}]


def _parted(text: str) -> Accepted | None:
    found = parse_invite(text)
    address = found and parse_address(found.remote)
    seed = found and _seed(found.invite)
    if not found or not address or not seed or not is_feed(found.key):
        return None
    return Accepted(found.remote, found.key, seed, address)


def _seed(invite: str) -> str | None:
    """The seed behind the key of a multiserver address, in base64; None where there is none."""
    for layers in decode(invite) or ():
        for protocol in layers:
            if protocol.name.startswith("shs") and len(protocol.data) > 1:
                return protocol.data[1] if _is_seed(protocol.data[1]) else None
    return None


def _is_seed(text: str) -> bool:
    try:
        return len(b64decode(text, validate=True)) == SEED_BYTES
    except ValueError:
        return False


def _uses(given: object) -> int:
    """How often: what is no number, and 0, count as 1, as in the reference."""
    number = given if is_number(given) else 1
    try:
        number = float(given) if isinstance(given, str) else number
    except ValueError:
        number = 1
    if isnan(number) or not number:
        return 1
    if not 1 <= number <= MAX_USES or number != int(number):
        raise CallerError(f"invite.create: uses must be a whole number up to {MAX_USES}")
    return int(number)


def _text(given: dict[str, Any], name: str) -> str | None:
    text = given.get(name)
    if text is None:
        return None
    if not isinstance(text, str) or len(text) > MAX_NOTE:
        raise CallerError(f"invite.create: {name} must be a text of {MAX_NOTE} at most")
    return text


def _time(given: object, now: float) -> float | None:
    """When an invite ends: a time in milliseconds since 1970, or a span from now such as `7d`."""
    if given is None:
        return None
    span = _SPAN.fullmatch(given) if isinstance(given, str) else None
    if span is not None:
        return now + int(span[1]) * UNITS_MS[span[2]]
    if is_number(given) and now < given < MAX_SAFE:
        return float(given)
    raise CallerError(
        "invite.create: expires must be a span such as 30m, 12h, 7d or 2w, or a time to come in"
        " milliseconds since 1970"
    )


def _is_private(host: str) -> bool:
    """Whether nobody outside reaches a host: as npm's `ip` tells private addresses."""
    if host in ("", "localhost"):
        return True
    try:
        address = ip_address(host.strip("[]"))
    except ValueError:
        return False
    return address.is_private or address.is_loopback or address.is_link_local
