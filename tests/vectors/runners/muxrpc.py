"""Conversations: our server against a recorded client, and our client against the recorded server."""

import json
from collections import defaultdict
from typing import Any

from common.wire.events import CallType, Ended, Event, Failure, Items, Request, Value
from common.wire.packets import BUFFER, END, JSON, STREAM, STRING, Reader, decode_body, encode
from common.wire.permissions import Permissions, refusal
from common.wire.session import Session
from tests.vectors.cases import each_case

Case = dict[str, Any]
MANIFEST = {
    "hello": "async",
    "fail": "async",
    "sync": "sync",
    "count": "source",
    "failAfter": "source",
    "sum": "sink",
    "echo": "duplex",
    "ping": "duplex",
    "bin": "source",
    "secret": "async",
    "throws": "sync",
    "nested": {"deep": {"add": "async", "list": "source"}},
    "never": "async",
}
_TYPES = {BUFFER: "buffer", STRING: "string", JSON: "json"}
_KINDS = {name: number for number, name in _TYPES.items()}


def _body(value: Any, kind: str = "") -> tuple[bytes, int]:
    if isinstance(value, dict) and list(value) == ["hex"]:
        return bytes.fromhex(value["hex"]), BUFFER
    if isinstance(value, str) and kind != "json":
        return value.encode(), STRING
    return json.dumps(value).encode(), JSON


class Responder:
    """The methods of the recording server, over one session."""

    def __init__(self, permissions: Permissions) -> None:
        self.session = Session()
        self._permissions = permissions
        self._echoing: set[int] = set()

    def handle(self, event: Event) -> None:
        match event:
            case Request():
                refused = refusal(MANIFEST, self._permissions, event.type, event.name)
                if refused is None:
                    self._run(event.call, ".".join(event.name), json.loads(event.args))
                else:
                    self.session.fail(event.call, refused)
            case Items() if event.call in self._echoing:
                self.session.send(event.call, event.bodies, event.types)
            case Ended():
                self.session.end(event.call)

    def _run(self, call: int, name: str, args: list[Any]) -> None:
        match name:
            case "hello":
                self.session.reply(call, *_body(f"hello, {args[0]}"))
            case "secret":
                self.session.reply(call, *_body("secret"))
            case "fail":
                self.session.fail(call, str(args[0]))
            case "throws":
                self.session.fail(call, "thrown")
            case "sync" | "nested.deep.add":
                self.session.reply(call, *_body(args[0] + args[1]))
            case _:
                self._run_stream(call, name, args)

    def _run_stream(self, call: int, name: str, args: list[Any]) -> None:
        match name:
            case "count":
                self._stream(call, list(range(args[0]["to"] + 1)))
            case "failAfter":
                self._give(call, list(range(args[0])))
                self.session.fail(call, f"failed after {args[0]}")
            case "bin":
                self._stream(call, [{"hex": "6f6e65"}, {"hex": "00ff"}, "text", {"o": 1}])
            case "nested.deep.list":
                self._stream(call, ["a", "b"])
            case "ping":
                self._stream(call, [1, 2, 3])
            case "echo":
                self._echoing.add(call)

    def _give(self, call: int, values: list[Any]) -> None:
        encoded = [_body(value) for value in values]
        self.session.send(call, [body for body, _ in encoded], bytes(kind for _, kind in encoded))

    def _stream(self, call: int, values: list[Any]) -> None:
        self._give(call, values)
        self.session.end(call)


def _packets(data: bytes) -> dict[int, list[Case]]:
    """Packets by number as the recording shows them, stacks left out."""
    found = defaultdict(list)
    for flags, req, body in Reader().feed(data):
        value = decode_body(flags, body)
        found[req].append(
            {
                "req": req,
                "stream": bool(flags & STREAM),
                "end": bool(flags & END),
                "type": _TYPES[flags & 3],
                "body": _without_stack({"hex": value.hex()} if isinstance(value, bytes) else value),
            }
        )
    return found


def _without_stack(value: Any) -> Any:
    return value | {"stack": "(varies)"} if isinstance(value, dict) and "stack" in value else value


def _raw(packet: Case) -> bytes:
    if packet.get("goodbye"):
        return bytes(9)
    body, _ = _body(packet["body"], packet["type"])
    flags = _KINDS[packet["type"]] | STREAM * packet["stream"] | END * packet["end"]
    return encode(flags, packet["req"], body)


def check_server(case: Case) -> None:
    permissions = Permissions(**(case["permissions"] or {}))
    server = Responder(permissions)
    sent = b""
    # Packet by packet, because the client waited for answers where it did.
    for packet in _cut(bytes.fromhex(case["client_bytes_hex"])):
        for event in server.session.receive_data(packet):
            server.handle(event)
        sent += server.session.data_to_send()
    expected = defaultdict(list)
    for packet in case["server_packets"]:
        expected[packet["req"]].append(packet)
    found = _packets(sent)
    if case["name"] == "source aborted":  # how many items went before the abort may vary
        for packets in (*found.values(), *expected.values()):
            del packets[1:-1]
    assert dict(found) == dict(expected)


def _cut(data: bytes) -> list[bytes]:
    packets = []
    while data:
        size = 9 + int.from_bytes(data[1:5])
        packets.append(data[:size])
        data = data[size:]
    return packets


class Caller:
    """Plays the recorded client with a session of ours and keeps what each call gave."""

    def __init__(self) -> None:
        self.session = Session()
        self.results: dict[int, Case] = {}

    def write(self, packet: Case) -> None:
        number = -packet["req"]
        if number not in self.results:
            body = packet["body"]
            call_type: CallType = body.get("type", "async")
            args = json.dumps(body["args"]).encode()
            assert self.session.call(call_type, body["name"], args) == number
            nothing: list[Any] | None = [] if call_type in {"source", "duplex"} else None
            self.results[number] = {"error": None, "value": nothing}
        elif not packet["end"]:
            body, kind = _body(packet["body"], packet["type"])
            self.session.send(number, [body], bytes([kind]))
        elif packet["body"] is True:
            self.session.end(number)
        else:
            self.session.fail(number, packet["body"]["message"])
            self.results[number]["error"] = packet["body"]["message"]

    def handle(self, event: Event) -> None:
        if isinstance(event, Value):
            self.results[event.call]["value"] = _shown(event.type, event.body)
        elif isinstance(event, Items):
            values = map(_shown, event.types, event.bodies)
            self.results[event.call]["value"].extend(values)
        elif isinstance(event, Ended) and isinstance(event.failure, Failure):
            self.results[event.call]["error"] = event.failure.message


def _shown(kind: int, body: bytes) -> Any:
    value = decode_body(kind, body)
    return {"hex": value.hex()} if isinstance(value, bytes) else value


def check_client(case: Case) -> None:
    if case["name"] == "call never answered, then close":
        return  # nothing comes back
    client = Caller()
    packets = [packet for packet in case["client_packets"] if not packet.get("goodbye")]
    confirmations = []
    for packet in packets:
        first = -packet["req"] not in client.results
        reading = case["name"] != "source aborted" and _confirms(packets, packet)
        if first or not reading:
            client.write(packet)
        else:
            confirmations.append(packet)
    client.session.data_to_send()
    for packet in case["server_packets"]:
        for event in client.session.receive_data(_raw(packet)):
            client.handle(event)
    saw = [{k: call[k] for k in ("error", "value")} for call in case["caller_saw"]]
    for result in client.results.values():
        if case["name"] != "source aborted":
            assert _seen(result, saw), (result, saw)
    ends = _packets(client.session.data_to_send())
    for packet in confirmations:
        assert packet in ends[packet["req"]]


def _confirms(packets: list[Case], packet: Case) -> bool:
    """Whether a packet is the confirming end of a source, which the session sends itself."""
    opening = next(p for p in packets if p["req"] == packet["req"])
    return bool(packet["end"] and opening["body"].get("type") == "source")


def _seen(result: Case, saw: list[Case]) -> bool:
    """A sink that was cut off by an error may be told with it or without (the reference tells either)."""
    return result in saw or (result["value"] is None and {"error": None, "value": None} in saw)


def check_conversation(case: Case) -> None:
    check_server(case)
    check_client(case)


RUNNERS = {"muxrpc/*.json": each_case(check_conversation)}
