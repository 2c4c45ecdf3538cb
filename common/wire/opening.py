"""Reads the packet that opens a call: method, arguments, type.

Knows how forgiving `muxrpc` 6.7.3 is about them, and its words where it is not. Must never know which
methods exist (`permissions`). The arguments are cut out as they stand, never parsed and written again.
Called by `session`.
"""

import json
import re

import msgspec

from common.wire.errors import PacketError
from common.wire.events import CallType
from common.wire.packets import JSON, text_of

__all__ = ["MAX_NAME_CHARACTERS", "Opening", "RefusedError", "read_request", "read_stream"]

# Many times the longest name that anybody offers; names are repeated in errors, logs and metrics.
MAX_NAME_CHARACTERS = 256
# How much of a request that makes no sense is told back to who sent it.
_QUOTED_CHARACTERS = 1024

# method path, arguments as a JSON array
Opening = tuple[tuple[str, ...], bytes]

_STREAM_TYPES: dict[object, CallType] = {"source": "source", "sink": "sink", "duplex": "duplex"}
_TYPE_MASK = 3


class RefusedError(Exception):
    """This call can not be opened; the text is for the peer, the connection goes on."""


class _Fields(msgspec.Struct):
    name: msgspec.Raw = msgspec.Raw()
    args: msgspec.Raw = msgspec.Raw()
    type: msgspec.Raw = msgspec.Raw()


def read_request(flags: int, body: bytes) -> Opening:
    """Method and arguments of an async call.

    Raises:
        RefusedError: it is no request.
        PacketError: the body is no JSON.
    """
    fields = _fields(flags, body)
    return _path(fields.name), _args(fields, body)


def read_stream(flags: int, body: bytes) -> tuple[CallType, Opening]:
    """Type, method and arguments of a source, sink or duplex.

    Raises:
        RefusedError: it is no request for a stream.
        PacketError: the body is no JSON.
    """
    fields = _fields(flags, body)
    value = _value(fields.type)
    kind = _STREAM_TYPES.get(value) if isinstance(value, str) else None
    if kind is None:
        raise RefusedError(f"unsupported stream type: {_shown(text_of(value))}")
    return kind, (_path(fields.name), _args(fields, body))


def _fields(flags: int, body: bytes) -> _Fields:
    if flags & _TYPE_MASK != JSON:
        return _Fields()
    sound = _sound(body)
    try:
        return msgspec.json.decode(sound, type=_Fields)
    except msgspec.ValidationError:
        _value(msgspec.Raw(sound))  # JSON it must be
        return _Fields()
    except (msgspec.DecodeError, RecursionError):
        return _fields_slowly(sound.decode())


def _fields_slowly(text: str) -> _Fields:
    """The fields of what msgspec refuses and Node takes: text with half of a surrogate pair."""
    found = {}
    try:
        _DECODER.decode(text)
        at = text.index("{") + 1
        while (mark := _KEY.match(text, at)) is not None:
            key, at = _DECODER.raw_decode(text, mark.end() - 1)
            start = _COLON.match(text, at).end()  # type: ignore[union-attr]  # decoded above
            _, at = _DECODER.raw_decode(text, start)
            found[key] = msgspec.Raw(text[start:at].encode())
    except (ValueError, RecursionError) as error:
        raise PacketError(f"request is no JSON: {error}") from None
    return _Fields(**{key: found[key] for key in ("name", "args", "type") if key in found})


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)
# What stands before a key, up to its quotation mark; and between a key and its value.
_KEY = re.compile(r'[\s,]*"')
_COLON = re.compile(r"\s*:\s*")


def _sound(body: bytes) -> bytes:
    """The body with what is no UTF-8 replaced, as Node does."""
    try:
        body.decode()
    except UnicodeDecodeError:
        return body.decode("utf-8", "replace").encode()
    return body


def _args(fields: _Fields, body: bytes) -> bytes:
    args = bytes(fields.args)
    if not args.startswith(b"["):
        text = _shown(body.decode("utf-8", "replace"))
        raise RefusedError(f"invalid request, args should be array, was: {text}")
    return args


def _path(raw: msgspec.Raw) -> tuple[str, ...]:
    value = _value(raw)
    names = value if isinstance(value, list) else [value]
    path = tuple("" if name is None else text_of(name) for name in names)
    length = sum(map(len, path))
    if length > MAX_NAME_CHARACTERS:
        raise RefusedError(f"method name of {length} characters, {MAX_NAME_CHARACTERS} are allowed")
    return path


def _value(raw: msgspec.Raw) -> object:
    if not raw:
        return "undefined"
    try:
        value: object = _DECODER.decode(bytes(raw).decode())
    except (ValueError, RecursionError) as error:
        raise PacketError(f"request is no JSON: {error}") from None
    return "null" if value is None else value


def _shown(text: str) -> str:
    return text if len(text) <= _QUOTED_CHARACTERS else text[:_QUOTED_CHARACTERS] + "..."
