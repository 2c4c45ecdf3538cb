"""SSB URIs: `ssb:message/classic/<url-safe base64>` and their like, to and from ids and addresses.

Behaves as ssb-uri2 2.4.1. Formats beyond classic are recognised, never read.
"""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote

from common.refs.ids import BlobId, FeedId, MessageId

# type -> formats
FORMATS: dict[str, tuple[str, ...]] = {
    "feed": (
        "classic",
        "ed25519",
        "bendybutt-v1",
        "gabbygrove-v1",
        "buttwoo-v1",
        "indexed-v1",
    ),
    "message": (
        "classic",
        "sha256",
        "bendybutt-v1",
        "gabbygrove-v1",
        "buttwoo-v1",
        "indexed-v1",
        "cloaked",
    ),
    "blob": ("classic", "sha256"),
    "address": ("multiserver",),
    "encryption-key": ("box2-dm-dh",),
    "identity": ("po-box", "group", "fusion"),
}
_CLASSIC = {("feed", "ed25519"), ("message", "sha256"), ("blob", "sha256")}

_ADDRESS = ("ssb:address:multiserver", "ssb:address/multiserver", "ssb://address/multiserver")
_EXPERIMENTAL = ("ssb:experimental", "ssb://experimental")
_HEAD = re.compile(r"ssb:(?:([a-z-]+):([a-z0-9-]+):|(?://)?([a-z-]+)/([a-z0-9-]+)/)")
_DATA = re.compile(r"[:/]([A-Za-z0-9_\-=]+)\Z")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_CONTROLS = "".join(map(chr, range(0x21)))
_SAFE = "!'()*~"  # what encodeURIComponent leaves beside letters, digits, `-._`


@dataclass(frozen=True, slots=True)
class Parts:
    """What stands between the slashes of a URI; data in plain base64."""

    type: str
    format: str
    data: str
    extra_data: str | None = None


def from_feed(feed: FeedId) -> str:
    """The URI of a feed."""
    return f"ssb:feed/classic/{_to_safe(feed[1:-8])}"


def from_message(message: MessageId) -> str:
    """The URI of a message."""
    return f"ssb:message/classic/{_to_safe(message[1:-7])}"


def from_blob(blob: BlobId) -> str:
    """The URI of a blob."""
    return f"ssb:blob/classic/{_to_safe(blob[1:-7])}"


def from_address(address: str) -> str:
    """The URI of a multiserver address.

    Raises:
        ValueError: a lone surrogate in the text.
    """
    return f"ssb:address/multiserver?multiserverAddress={quote(address, safe=_SAFE)}"


def to_feed(uri: str) -> FeedId | None:
    """The id in the URI of a classic feed, of whatever length; check it with `is_feed`."""
    data = _data_of(uri, "feed")
    return None if data is None else FeedId(f"@{data}.ed25519")


def to_message(uri: str) -> MessageId | None:
    """The id in the URI of a classic message, of whatever length; check it with `is_message`."""
    data = _data_of(uri, "message")
    return None if data is None else MessageId(f"%{data}.sha256")


def to_blob(uri: str) -> BlobId | None:
    """The id in the URI of a blob, of whatever length; check it with `is_blob`."""
    data = _data_of(uri, "blob")
    return None if data is None else BlobId(f"&{data}.sha256")


def to_address(uri: str) -> str | None:
    """The multiserver address that a URI carries as a parameter, None without one."""
    if _SCHEME.match(uri.lstrip(_CONTROLS)) is None:
        return None
    query = _cleaned(uri).partition("#")[0].partition("?")[2]
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name == "multiserverAddress":
            return value
    return None


def kind_of(uri: str) -> tuple[str, str] | None:
    """Type and format of a URI (both names of classic given as `classic`), None when it is none."""
    if uri.startswith(_EXPERIMENTAL):
        return ("experimental", "")
    if uri.startswith(_ADDRESS):
        return ("address", "multiserver") if to_address(uri) else None
    head = _HEAD.match(uri)
    if head is None:
        return None
    kind, form = (head[1], head[2]) if head[1] else (head[3], head[4])
    if kind == "address" or form not in FORMATS.get(kind, ()) or not _DATA.search(_path(uri)):
        return None
    return (kind, "classic") if (kind, form) in _CLASSIC else (kind, form)


def decompose(uri: str) -> Parts | None:
    """The parts after the first four characters, None when a known type has an unknown format.

    As lenient as the original: neither the scheme nor the data are looked at.
    """
    kind, form, data, extra, *_ = [*uri[4:].split("/"), "", "", ""]
    if not (kind and form and data) or form not in FORMATS.get(kind, (form,)):
        return None
    if (kind, form) in _CLASSIC:
        form = "classic"
    return Parts(kind, form, _from_safe(data), _from_safe(extra) or None)


def _data_of(uri: str, kind: str) -> str | None:
    found = _DATA.search(_path(uri)) if kind_of(uri) == (kind, "classic") else None
    return _from_safe(found[1]) if found else None


def _path(uri: str) -> str:
    """The pathname that WHATWG URL parsing finds, as far as the end of it matters."""
    return _cleaned(uri).partition("#")[0].partition("?")[0]


def _cleaned(uri: str) -> str:
    return re.sub(r"[\t\n\r]", "", uri.strip(_CONTROLS))


def _to_safe(text: str) -> str:
    return text.replace("+", "-").replace("/", "_")


def _from_safe(text: str) -> str:
    return text.replace("-", "+").replace("_", "/")
