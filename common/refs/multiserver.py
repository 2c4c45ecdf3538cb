"""Multiserver addresses: `net:host:port~shs:key;ws:...`, alternatives of stacked protocols.

Knows the grammar of multiserver-address 1.0.1 only; what a protocol's data mean is `legacy`'s affair.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

_PROTOCOL = r'[a-z][a-z0-9-]+(?::(?:["-9<-}]|![!~:;])*)*'
_ADDRESS = rf"{_PROTOCOL}(?:~{_PROTOCOL})*"
_ADDRESSES = re.compile(rf"{_ADDRESS}(?:;{_ADDRESS})*")
_ESCAPED = re.compile(r"!(.)")
_MARK = re.compile(r"!.|[~:;]")
_TO_ESCAPE = re.compile(r"[!~:;]")


class Protocol(NamedTuple):
    """One layer of an address: `net` with host and port, `shs` with key and perhaps an invite's seed."""

    name: str
    data: tuple[str, ...] = ()


Address = tuple[Protocol, ...]  # outermost layer first
Addresses = tuple[Address, ...]  # alternatives for one peer


def is_multiserver(text: str) -> bool:
    """Whether a text follows the grammar; unknown protocols do."""
    return _ADDRESSES.fullmatch(text) is not None


def decode(text: str) -> Addresses | None:
    """The alternatives of a multiserver address with all escapes undone, None when it is none."""
    if not is_multiserver(text):
        return None
    return tuple(
        tuple(_protocol(part) for part in _split("~", address)) for address in _split(";", text)
    )


def encode(addresses: Sequence[Sequence[Protocol]], *, escape: bool = True) -> str:
    """The text of an address; `decode` gives back the same.

    Without `escape` as multiserver-address 1.0.1 writes it, which leaves `!~:;` in data bare.
    """
    return ";".join(
        "~".join(
            ":".join([p.name, *(_escaped(d) if escape else d for d in p.data)]) for p in layers
        )
        for layers in addresses
    )


def _split(mark: str, text: str) -> list[str]:
    """Parts between marks that no `!` precedes; in a `!!` the second is no escape."""
    parts, start = [], 0
    for found in _MARK.finditer(text):
        if found.group() == mark:
            parts.append(text[start : found.start()])
            start = found.end()
    return [*parts, text[start:]]


def _protocol(text: str) -> Protocol:
    name, *data = _split(":", text)
    return Protocol(name, tuple(_ESCAPED.sub(r"\1", part) for part in data))


def _escaped(data: str) -> str:
    return _TO_ESCAPE.sub(r"!\g<0>", data)
