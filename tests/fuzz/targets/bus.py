"""What a process that is none of ours can send to a service."""

from common.bus import frames, remote
from common.bus.values import Caller
from tests.fuzz.registry import Target
from tests.fuzz.source import Source

_INCARNATION = bytes(8)


def run_bus_frames(data: bytes) -> None:
    """One frame or two: refused with a reason, or a message that can be written and read again."""
    source = Source(data)
    size = source.number(2)
    parts = [source.take(size), source.rest()][: 1 + size % 2]
    message = frames.decode(parts)
    assert message.bodies == [] or b"".join(message.bodies) == parts[-1]
    caller = message.options.get("caller")
    if message.kind == frames.Kind.HELLO:
        manifest = remote._manifest(message.options.get("manifest", {}))
        assert manifest is None or all(type(method) is str for method in manifest)
    if message.kind == frames.Kind.CALL and caller is not None:
        _read_caller(caller)


def _read_caller(fields: object) -> None:
    assert isinstance(fields, dict)
    try:
        caller = Caller.from_map(fields)
    except ValueError:
        return
    assert Caller.from_map(caller.to_map()) == caller


def _seeds() -> list[bytes]:
    caller = Caller("@a", "anonymous").to_map()
    messages = [
        frames.encode(
            frames.Kind.HELLO,
            0,
            "x",
            {"incarnation": _INCARNATION, "manifest": {"a.b": ["async", ["anonymous"], True]}},
        ),
        frames.encode(
            frames.Kind.CALL,
            1,
            "a.b",
            {"type": "source", "incarnation": _INCARNATION, "caller": caller, "window": 9},
            [b"[]"],
        ),
        frames.encode(frames.Kind.DATA, 1, "", {"types": b"\2\1", "position": 4}, [b"1", b"abc"]),
        frames.encode(frames.Kind.END, 1),
        frames.encode(frames.Kind.ERROR, 1, "", {"fault": "peer", "code": "c", "message": "m"}),
        frames.encode(frames.Kind.CREDIT, 1, "", {"bytes": 2**53}),
        frames.encode(frames.Kind.CANCEL, 1),
        frames.encode(frames.Kind.PING),
    ]
    return [
        (len(header) | 1).to_bytes(2) + header.ljust(len(header) | 1, b"\xc0") + b"".join(block)
        if block
        else (len(header)).to_bytes(2) + header
        for header, *block in messages
    ]


TARGETS = {
    "bus_frames": Target(
        run_bus_frames,
        _seeds,
        (frames.Refused,),
        (b"\x91", b"\xdd\xff\xff\xff\xff", b"\xc9\0\0\0\1\xff", b"\x81\xa1a", b"\xd7\xff", b"\xc4"),
    ),
}
