"""The text of the `secret` file, as ssb-keys 7.2.2 and 8.5.0 read and write it.

Knows text and keys, no files: `common.runtime.secret` reads and writes those.
"""

import json
import re
from typing import Any, NoReturn

from common.crypto.keys import CURVE, Keys, from_secret, has_sigil, read_base64, spell, tag_of

_SECRET_BYTES = 64
# White space and perhaps a comment behind it, or a comment; taken at one go, so that no space is looked at twice.
_COMMENT = re.compile(rb"[\t\n\v\f\r ]++(#[^\n]*)?|(#[^\n]*)")
# ssb-keys reads the file as Node's "ascii", which drops the high bit of every byte.
_TO_ASCII = bytes(n & 0x7F for n in range(256))

_ABOVE = """\
# WARNING: Never show this to anyone.
# WARNING: Never edit it or use it on multiple devices at once.
#
# This is your SECRET, it gives you magical powers. With your secret you can
# sign your messages so that your friends can verify that the messages came
# from you. If anyone learns your secret, they can use it to impersonate you.
#
# If you use this secret on more than one device you will create a fork and
# your friends will stop replicating your content.
#
"""
_BELOW = """
#
# The only part of this file that's safe to share is your public name:
#
#   """


def parse(data: bytes) -> Keys:
    """The identity in a secret file, which must be whole and agree with itself.

    Raises:
        ValueError: it isn't; the text says what is wrong, and shows no key.
    """
    fields = read(data)
    if not isinstance(fields, dict):
        raise ValueError("it holds no keys")  # noqa: TRY004  the file's content is wrong, not a type of ours
    private = fields.get("private")
    if not isinstance(private, str) or tag_of(private) != CURVE:
        raise ValueError(f"it holds no private key of {CURVE}")
    secret = read_base64(private)
    if len(secret) != _SECRET_BYTES:
        raise ValueError(f"its private key has {len(secret)} bytes, not {_SECRET_BYTES}")
    keys = from_secret(secret)
    if fields.get("public", spell(keys.public)) != spell(keys.public):
        raise ValueError("its public key isn't that of its private key")
    if fields["id"] not in (keys.id, "@undefined"):
        raise ValueError("its id isn't that of its private key")
    return keys


def read(data: bytes) -> dict[str, Any] | list[Any] | None:
    """What ssb-keys makes of a secret file, None where it gives up: comments out, lines joined, JSON."""
    body = _COMMENT.sub(_without_comment, data.translate(_TO_ASCII)).replace(b"\n", b"")
    try:
        fields = json.loads(body.decode("ascii"), parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    if isinstance(fields, list):
        return fields
    if not isinstance(fields, dict):
        return None
    name = fields.get("id")
    if not (isinstance(name, str) and has_sigil(name)):
        fields["id"] = f"@{fields.get('public', 'undefined')}"
    return fields


def render(keys: Keys) -> str:
    """The file that ssb-keys writes for an identity, to the byte; no line break at its end."""
    fields = {
        "curve": CURVE,
        "public": spell(keys.public),
        "private": spell(keys.secret),
        "id": keys.id,
    }
    return f"{_ABOVE}{json.dumps(fields, indent=2)}{_BELOW}{keys.id}"


def _without_comment(match: re.Match[bytes]) -> bytes:
    return b"" if match.lastindex else match[0]


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
