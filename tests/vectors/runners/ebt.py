"""Notes and traces of epidemic-broadcast-trees.

The inner states of a trace are the reference's own. Ours is driven by the events that came from outside, takes
what it asks to have verified, and must end with a log no shorter (a few traces stop before the reference had
appended all it received) and have sent every peer what the reference sent.
"""

from collections import defaultdict
from typing import Any

from common.gossip import (
    Appended,
    BlockChanged,
    Command,
    Connected,
    Ebt,
    Event,
    FeedRead,
    Message,
    MessagesReceived,
    Note,
    NotesReceived,
    ReadFeed,
    SendMessages,
    Ticked,
    Verify,
    WantedChanged,
    decode_note,
    encode_note,
)
from common.refs import FeedId, feed_id
from tests.vectors.cases import by_op, each_case
from tests.vectors.registry import Runner

_MS = 1_000  # the time-out of the traces is 3, ours 3,000


def _encode(case: dict[str, Any]) -> None:
    assert encode_note(case["seq"], case["receive"]) == case["note"]


def _decode(case: dict[str, Any]) -> None:
    expected = Note(case["seq"], case["replicate"], case["receive"])
    assert decode_note(case["note"]) == expected


def _id(letter: str) -> FeedId:
    return feed_id(letter.encode() * 32)


class _Player:
    """One machine with a log in memory, played the events of a trace."""

    def __init__(self, own: str, clock: dict[str, int]) -> None:
        self.log = {_id(letter): n for letter, n in clock.items()}
        self.ebt = Ebt(_id(own), self.log)
        self.sent: dict[FeedId, list[bytes]] = defaultdict(list)
        self._received: set[Message] = set()

    def play(self, event: str, arg: Any) -> None:
        now = arg.get("ts", 0) * _MS
        if event == "follow":
            feeds = [_id(arg["id"])]
            added, removed = (feeds, []) if arg["value"] else ([], feeds)
            self._handle(WantedChanged(added, removed, now))
        elif event == "connect":
            self._handle(Connected(_id(arg["id"]), arg["client"], now))
        elif event == "notes":
            notes = {_id(feed): decode_note(note) for feed, note in arg["value"].items()}
            told = {feed: (note.sequence, note.receive) for feed, note in notes.items()}
            self._handle(NotesReceived(_id(arg["id"]), told, now))
        elif event == "receive":
            message = _message(arg["value"])
            self._received.add(message)
            self._handle(MessagesReceived(_id(arg["id"]), [message], now))
        elif event == "append" and _message(arg) not in self._received:
            self._append([_message(arg)])
        elif event == "timeout":
            self._handle(Ticked(now))
        elif event == "block":
            self._handle(BlockChanged(_id(arg["id"]), _id(arg["target"]), arg["value"], now))

    def _handle(self, event: Event) -> None:
        for command in self.ebt.handle(event):
            self._do(command)

    def _do(self, command: Command) -> None:
        if isinstance(command, SendMessages):
            self.sent[command.peer].extend(command.bodies)
        elif isinstance(command, Verify):
            self._append(command.messages)
        elif isinstance(command, ReadFeed):
            last = min(command.after + command.limit, self.log.get(command.feed, 0))
            run = [_body(command.feed, n) for n in range(command.after + 1, last + 1)]
            self._handle(FeedRead(command.peer, command.feed, command.after, last, run))

    def _append(self, messages: Any) -> None:
        for message in messages:
            if message.sequence == self.log.get(message.author, 0) + 1:
                self.log[message.author] = message.sequence
                self._handle(Appended([message]))


def _body(feed: FeedId, sequence: int) -> bytes:
    return f"{feed} {sequence}".encode()


def _message(value: dict[str, Any]) -> Message:
    author = _id(value["author"])
    return Message(author, value["sequence"], _body(author, value["sequence"]))


def _trace(case: dict[str, Any]) -> None:
    first, *events = case["trace"]
    player = _Player(case["me"], first["arg"])
    reference: dict[FeedId, set[bytes]] = defaultdict(set)
    for step in events:
        if step["event"] == "(send msg)":
            reference[_id(step["arg"]["to"])].add(_message(step["arg"]["msg"]).body)
        else:
            player.play(step["event"], step["arg"])
    for feed, length in case["final_lengths"][case["me"]].items():
        assert player.log.get(_id(feed), 0) >= length
    for peer, bodies in reference.items():
        assert bodies <= set(player.sent[peer])


RUNNERS: dict[str, Runner] = {
    "ebt/generated-notes.json": by_op({"encode": _encode, "decode": _decode}),
    "ebt/generated-traces.json": each_case(_trace),
}
