"""What a peer says over an EBT stream: notes and messages, in any order."""

from common.feed.errors import JsonError
from common.feed.json import Json, parse
from common.gossip import (
    Appended,
    Connected,
    Ebt,
    EndSession,
    Event,
    FeedRead,
    Message,
    MessagesReceived,
    NotesReceived,
    ReadFeed,
    Ticked,
    Verify,
    WantedChanged,
    decode_note,
)
from common.refs import FeedId, feed_id
from tests.fuzz.registry import Target
from tests.fuzz.source import Source

_FEEDS = [feed_id(bytes([n]) * 32) for n in range(4)]
_OWN, _PEER = _FEEDS[0], _FEEDS[1]
# Sequences are counted in 32 bits where messages are judged, in 64 where they are kept.
_MAX_SEQUENCE = 2**53


def run_notes(data: bytes) -> None:
    """A clock of a stranger, under both versions, and what the machine wants done then."""
    value = parse(data)
    if not isinstance(value, dict):
        return
    for version in (2, 3):
        _hear(value, version)


def _hear(clock: dict[str, Json], version: int) -> None:
    decoded = {feed: decode_note(note, version) for feed, note in clock.items()}
    notes = {feed: (note.sequence, note.receive) for feed, note in decoded.items()}
    _run(_machine(), NotesReceived(_PEER, notes, 1.0))


def run_ebt(data: bytes) -> None:
    """A peer that says anything about a few feeds, while the log grows."""
    source = Source(data)
    machine = _machine()
    now = 0.0
    while source:
        now += source.number()
        feed = source.pick(_FEEDS)
        sequence = source.number(2) - 8
        _run(machine, _event(source, feed, sequence, now))


def _event(source: Source, feed: FeedId, sequence: int, now: float) -> Event:
    messages = [Message(feed, sequence + n, b"{}") for n in range(1 + source.number() % 3)]
    match source.number() % 6:
        case 0:
            return NotesReceived(_PEER, {feed: (sequence, bool(source.number() % 2))}, now)
        case 1:
            return MessagesReceived(_PEER, messages, now)
        case 2:
            return Appended(messages)
        case 3:
            return WantedChanged([feed], [], now)
        case 4:
            return WantedChanged([], [feed], now)
        case _:
            return Ticked(now * 100)


def _machine() -> Ebt:
    machine = Ebt(_OWN, {_OWN: 3, _FEEDS[2]: 5})
    machine.handle(WantedChanged(_FEEDS[:3], [], 0.0))
    machine.handle(Connected(_PEER, client=False, now=0.0))
    return machine


def _run(machine: Ebt, event: Event) -> None:
    """Give the machine an event, and the answers to all that it wants read then."""
    events: list[Event] = [event]
    for one in events:
        for command in machine.handle(one):
            assert not isinstance(command, EndSession)
            if isinstance(command, ReadFeed):
                assert 0 <= command.after <= _MAX_SEQUENCE
                assert command.limit > 0
                last = machine.clock.get(command.feed, 0)
                bodies = [b"{}"] * max(0, min(command.limit, last - command.after))
                after = command.after
                events.append(FeedRead(_PEER, command.feed, after, after + len(bodies), bodies))
            if isinstance(command, Verify):
                assert command.messages
        assert len(events) < 100_000


def _clock(note: str) -> bytes:
    return f'{{"{_OWN}":{note},"{_FEEDS[2]}":{note},"{_FEEDS[3]}":{note},"x":1}}'.encode()


TARGETS = {
    "notes": Target(
        run_notes,
        lambda: [
            _clock(note) for note in ("0", "-1", "6", "7", "-8", "1e300", '"12"', "[]", "0.5")
        ],
        (JsonError,),
        (_OWN.encode(), b"-1", b"1e999", b"9", b"null", b'":', b',"'),
    ),
    "ebt": Target(
        run_ebt,
        lambda: [bytes(range(256)), bytes(range(255, -1, -1)), b"\1\2\0\x0d\0\0\1" * 20],
        tokens=(b"\1\2\0\x0d\0\0\1", b"\1\0\0\x0a\2\1", b"\xff"),
        max_bytes=4096,
    ),
}
