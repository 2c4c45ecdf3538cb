"""The objects on `ooo.stream`: questions and answers read, answers judged, objects written.

Knows the shapes of ssb-ooo 1.3.3 and when a single message holds by itself; must never know peers or streams.
Called by the exchange of such messages.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

import orjson

from common.bus import PeerError
from common.feed.json import Json, parse
from common.feed.record import pack_candidate
from common.feed.validate import Verified, check_out_of_order
from common.refs import MessageId, message_id

MAX_OBJECT_BYTES: Final = 1 << 20
"""Of one object: a thousand questions and some hundred answers; it is parsed in one go."""
MAX_SEQUENCE: Final = 2**53
"""What is no whole number below is no sequence; the reference does not look."""


class Read(NamedTuple):
    """An object: the number of each question, None where an answer stands, and those answers."""

    numbers: dict[str, int | None]
    answers: dict[str, dict[str, Json]]


def read_object(body: bytes) -> Read:
    """Takes an object apart; what is neither question nor answer counts as a question with number 0.

    Raises:
        PeerError: it is too large, or no JSON object.
    """
    if len(body) > MAX_OBJECT_BYTES:
        raise PeerError(f"an object of more than {MAX_OBJECT_BYTES} bytes on ooo.stream")
    try:
        items = parse(body)
    except ValueError as error:
        raise PeerError(f"no JSON on ooo.stream: {error}") from error
    if not isinstance(items, dict):
        raise PeerError("no object on ooo.stream")
    answers = {key: value for key, value in items.items() if isinstance(value, dict)}
    numbers = {key: None if key in answers else _number(value) for key, value in items.items()}
    return Read(numbers, answers)


def judge(key: MessageId, value: dict[str, Json], hmac_key: bytes | None) -> bytes | None:
    """The candidate of a message that has this id and a good signature; None for any other value."""
    judged = check_out_of_order(value, hmac_key)
    if not isinstance(judged, Verified) or message_id(judged.key) != key:
        return None
    if type(judged.sequence) is not int or not 0 < judged.sequence < MAX_SEQUENCE:
        return None
    return pack_candidate(
        judged.key, judged.author_raw, judged.sequence, judged.previous, judged.compact
    )


def write_object(numbers: Mapping[MessageId, int], messages: Mapping[MessageId, bytes]) -> bytes:
    """The JSON of an object: questions, and messages as they are stored."""
    members = [orjson.dumps(key) + b":" + str(number).encode() for key, number in numbers.items()]
    members += [orjson.dumps(key) + b":" + message for key, message in messages.items()]
    return b"{" + b",".join(members) + b"}"


def author_of(message: bytes) -> str:
    """Who wrote a stored message."""
    value = parse(message)
    assert isinstance(value, dict)  # noqa: S101  the store holds nothing else
    return str(value["author"])


def _number(value: Json) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
