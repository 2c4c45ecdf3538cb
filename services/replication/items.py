"""The items of replication streams: messages and notes, as they come and as they go.

Knows JSON of both; must never know whether an item is wanted or valid. Called by the streams.
"""

import re
from collections.abc import Mapping
from typing import Final, TypeAlias

import orjson

from common.bus import PeerError
from common.feed.errors import JsonError
from common.feed.json import parse
from common.gossip import Message, decode_note, encode_note
from common.refs import FeedId, is_feed

Notes: TypeAlias = dict[str, tuple[int, bool]]

NOTES_PER_ITEM: Final = 2_000
"""About 120 KB: a longer list of notes goes as several."""

_MESSAGE: Final = re.compile(
    rb'\{"previous":(?:null|"[^"\\]{1,64}"),'
    rb'(?:"author":"(@[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=\.ed25519)","sequence":([1-9][0-9]{0,9}),'
    rb'|"sequence":([1-9][0-9]{0,9}),"author":"(@[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=\.ed25519)",)'
)
"""How every honest peer's compact message begins; what begins otherwise is parsed."""


def read_message(body: bytes) -> Message | None:
    """The message in an item, by its beginning alone where that tells; None when it is no message.

    What it says of author and sequence is a claim until the message is verified.

    Raises:
        PeerError: the item is no JSON.
    """
    begin = _MESSAGE.match(body)
    if begin is not None:
        author, sequence, early, late = begin.groups()
        return Message(FeedId((author or late).decode()), int(sequence or early), body)
    if body.startswith(b'{"@') or body == b"{}":
        return None
    return _message_of(_json(body), body)


def read_notes(body: bytes, version: int) -> Notes:
    """The notes in an item that is no message; sequence -1 where a feed is refused.

    Raises:
        PeerError: the item is no JSON object.
    """
    value = _json(body)
    if isinstance(value, dict) and isinstance(value.get("clock"), dict):
        value = value["clock"]
    if not isinstance(value, dict):
        raise PeerError("expected notes or a message")
    notes: Notes = {}
    for feed, encoded in value.items():
        sequence, replicate, receive = decode_note(encoded, version)
        notes[feed] = (sequence, receive) if replicate and sequence >= 0 else (-1, False)
    return notes


def write_notes(notes: Mapping[FeedId, tuple[int, bool]], version: int) -> list[bytes]:
    """The items that tell these notes: one at least, even of no notes."""
    coded = [(feed, encode_note(*note, version)) for feed, note in notes.items()]
    runs = range(0, max(len(coded), 1), NOTES_PER_ITEM)
    return [orjson.dumps(dict(coded[n : n + NOTES_PER_ITEM])) for n in runs]


def _json(body: bytes) -> object:
    try:
        return parse(body)
    except JsonError as error:
        raise PeerError(f"invalid JSON: {error}") from error


def _message_of(value: object, body: bytes) -> Message | None:
    """As `isMsg` of epidemic-broadcast-trees."""
    if not isinstance(value, dict):
        return None
    author, sequence = value.get("author"), value.get("sequence")
    if not is_feed(author) or isinstance(sequence, bool) or not isinstance(sequence, int):
        return None
    return Message(author, sequence, body) if sequence > 0 and "content" in value else None
