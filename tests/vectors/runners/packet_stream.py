"""Packets: fields to bytes, and bytes to fields up to the end of the stream."""

import json
from typing import Any

from common.wire.errors import PacketError
from common.wire.packets import (
    BUFFER,
    END,
    GOODBYE,
    JSON,
    STREAM,
    STRING,
    Reader,
    decode_body,
    encode,
)
from tests.vectors.cases import by_op

Case = dict[str, Any]
_TYPES = {BUFFER: "buffer", STRING: "string", JSON: "json"}


def _body(case: Case) -> tuple[int, bytes]:
    if "buffer_hex" in case:
        return BUFFER, bytes.fromhex(case["buffer_hex"])
    if "string" in case:
        units = case["string"].encode("utf-16-le", "surrogatepass")
        return STRING, units.decode("utf-16-le", "replace").encode()
    return JSON, case["json"].encode()


def _packet(case: Case) -> None:
    if case.get("goodbye"):
        assert case["hex"] == GOODBYE.hex()
    else:
        kind, body = _body(case)
        flags = kind | STREAM * case["stream"] | END * case["end"]
        assert encode(flags, case["req"], body).hex() == case["hex"]
    _decode(case)


def _decode(case: Case) -> None:
    reader = Reader()
    decoded: list[Case] = []
    failed = False
    packets = reader.feed(bytes.fromhex(case["hex"]))
    reader.receive_eof()
    try:
        for flags, req, body in packets:
            decoded.append(_fields(flags, req, body))
    except PacketError:
        failed = True
    else:
        if reader.end == "":
            decoded.append({"goodbye": True})
    assert reader.end is not None
    assert decoded == [_comparable(packet) for packet in case["decoded"]]
    ended_well = not failed and reader.end == ""
    if case["decode_end"] is not None:
        assert not ended_well
    elif {"goodbye": True} in decoded:
        assert ended_well
    else:
        # Bytes that end without a goodbye: the reference calls that clean or not by a stale count of bytes in
        # pull-reader 1.x; here it is always a hang-up, and never an error of another kind.
        assert reader.end.startswith("the peer hung up")


def _fields(flags: int, req: int, body: bytes) -> Case:
    value = decode_body(flags, body)
    return {
        "req": req,
        "stream": bool(flags & STREAM),
        "end": bool(flags & END),
        "type": _TYPES[flags & 3],
        "value": value,
    }


def _comparable(packet: Case) -> Case:
    if "goodbye" in packet:
        return {"goodbye": True}
    fields = {key: packet[key] for key in ("req", "stream", "end", "type")}
    if "buffer_hex" in packet:
        return fields | {"value": bytes.fromhex(packet["buffer_hex"])}
    if "string" in packet:
        return fields | {"value": packet["string"]}
    return fields | {"value": json.loads(packet["json"])}


RUNNERS = {"packet-stream/*.json": by_op({"packet": _packet, "decode-stream": _decode})}
