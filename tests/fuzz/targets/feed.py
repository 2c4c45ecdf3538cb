"""Messages and what they are made of: JSON, validity, records, options of streams."""

import json
from math import inf, isfinite
from typing import Any, NoReturn

from common.crypto import keys as crypto_keys
from common.crypto.private_box import Randomness
from common.feed import items, json_reader, json_writer, private
from common.feed.errors import JsonError, TooLong
from common.feed.json import Json, compact_utf8, encode_utf8, parse, parse_marked
from common.feed.message import MAX_UTF16, sign_object
from common.feed.record import Candidate, Record, RecordError, pack_candidate, pack_record
from common.feed.validate import (
    Head,
    Verified,
    check,
    check_out_of_order,
    follows,
    verify_raw,
    verify_value,
)
from tests.fuzz import seeds
from tests.fuzz.registry import Target

_KEYS = crypto_keys.generate(b"k" * 32)
_SECRET = private.exchange_secret(_KEYS)
_LIMIT = 1 << 20
_KEY = bytes(range(32))


def run_json(data: bytes) -> None:
    """Refused by all ways or read alike by all; and what was read is written and read again the same."""
    text = data.decode("utf-8", "replace")
    try:
        slow = json_reader.read(text)
    except JsonError:
        assert not _read_otherwise(text)
        parse(data)
        raise AssertionError("the fast way takes what the slow way refuses") from None
    assert _read_otherwise(text) is not False
    value, plain = parse_marked(data)
    written = compact_utf8(value, plain=plain)
    assert written == json_writer.write(slow, indented=False).encode()
    again, plain_again = parse_marked(written)
    assert compact_utf8(again, plain=plain_again) == written
    indented = _indented(value)
    assert indented == _indented_slowly(slow)
    if indented is not None:
        assert compact_utf8(parse(indented)) == written


def _read_otherwise(text: str) -> bool | None:
    """Whether Python's own reader takes a text; None where that says nothing."""
    try:
        json.loads(text, parse_constant=_refuse, parse_int=float)
    except RecursionError:
        return None
    except ValueError:
        return False
    return True


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _indented(value: Json) -> bytes | None:
    try:
        return encode_utf8(value, limit=_LIMIT)
    except TooLong:
        return None


def _indented_slowly(value: Json) -> bytes | None:
    try:
        return json_writer.write(value, indented=True, limit=_LIMIT).encode()
    except TooLong:
        return None


def run_verify_raw(data: bytes) -> None:
    """A message as it came, under no key and another."""
    _judge(data, None)
    verify_raw(data, _KEY)


def run_verify_signed(data: bytes) -> None:
    """A message whose author signed whatever stands in it, so that the signature stops nothing."""
    text = signed(data)
    if text is not None:
        _judge(text, None)


def signed(data: bytes) -> bytes | None:
    """A message of ours with all that stands in a JSON object; None where nobody could sign that."""
    value = parse(data)
    if not isinstance(value, dict):
        return None
    value["author"] = _KEYS.id
    value.pop("signature", None)
    if _indented(value) is None:
        return None
    return compact_utf8(sign_object(value, _KEYS, None))


def _judge(text: bytes, hmac_key: bytes | None) -> None:
    judged = verify_raw(text, hmac_key)
    heads: list[Head | None] = [None, Head(_KEY, 1)]
    if isinstance(judged, Verified):
        _assert_sound(judged, hmac_key)
        if judged.previous is not None:
            heads.append(Head(judged.previous, judged.sequence - 1))
    try:
        value = parse(text)
    except JsonError:
        return
    for head in heads:
        taken = isinstance(judged, Verified) and follows(head, judged) is None
        assert isinstance(check(head, value, hmac_key), Verified) == taken
    check_out_of_order(value, hmac_key)


def _assert_sound(message: Verified, hmac_key: bytes | None) -> None:
    again = verify_raw(message.compact, hmac_key)
    if message.timestamp not in (inf, -inf):  # which is written as null, as in JavaScript
        assert isinstance(again, Verified)
        assert (again.key, again.compact) == (message.key, message.compact)
    assert verify_value(parse(message.compact), hmac_key) == again
    assert len(message.compact.decode()) <= MAX_UTF16
    assert message.sequence >= 1
    raw = Candidate.parse(
        pack_candidate(
            message.key, message.author_raw, message.sequence, message.previous, message.compact
        )
    )
    assert (raw.previous or bytes(32)) == (message.previous or bytes(32))


def run_candidate(data: bytes) -> None:
    candidate = Candidate.parse(data)
    assert pack_candidate(*candidate) == data


def run_record(data: bytes) -> None:
    record = Record.parse(data)
    if isfinite(record.received):
        assert pack_record(*record) == data
        items.item_of(record)
        items.item_of(record, values=False)


def run_options(data: bytes) -> None:
    """Options of a stream as a stranger writes them."""
    value = parse(data)
    if isinstance(value, dict):
        options = items.read_options(value)
        assert options.limit >= -1


def run_unbox(data: bytes) -> None:
    """Boxed content, as text and under a slot that fits nothing."""
    text = seeds.as_text(data)
    private.unbox(text, _SECRET)
    private.unbox_with_slot(text, b"\1" + _KEY)
    private.secret_unbox(data, _KEY)


def _messages() -> list[bytes]:
    return seeds.texts("messages/generated-single", "message")


def _options() -> list[bytes]:
    fields: list[dict[str, Any]] = [
        {"gt": 0, "lte": 9, "limit": 5, "reverse": True},
        {"live": True, "old": False, "sync": False, "keys": False},
        {"id": "@", "seq": 1.5, "limit": -1, "gte": None, "lt": ["a"]},
    ]
    return [b'{"limit":1e999}', *(json.dumps(one).encode() for one in fields)]


def _boxes() -> list[bytes]:
    boxed = private.box({"type": "x"}, [_KEYS.id] * 7, Randomness.cut(bytes(range(1, 89))))
    return [boxed.encode(), seeds.as_text(b"@\xff.box").encode()]


_JSON_TOKENS = (
    b"[",
    b'{"a":',
    b'{"1":0,',
    b'"\\ud800',
    b"\\udc00",
    b"1e",
    b"9",
    b"-0.",
    b" ",
    b'"__proto__":',
    b"],[",
    b"\xed\xa0\x80",
)
_RECORDS = (
    pack_candidate(_KEY, _KEY, 1, None, b"{}"),
    pack_candidate(_KEY, _KEY, 2**64 - 1, _KEY, b"{}"),
    pack_record(_KEY, _KEY, 7, 1.5e12, b'{"a":1}'),
    pack_record(_KEY, _KEY, 0, 0.5, b""),
)


def _json_seeds() -> list[bytes]:
    return seeds.texts("legacy-json/generated-canonical-json", "input")


TARGETS = {
    "json": Target(run_json, _json_seeds, (JsonError,), _JSON_TOKENS),
    "verify_raw": Target(run_verify_raw, _messages, tokens=_JSON_TOKENS),
    "verify_signed": Target(run_verify_signed, _messages, (JsonError,), _JSON_TOKENS),
    "candidate": Target(run_candidate, lambda: _RECORDS, (RecordError,), (b"\1", bytes(8))),
    "record": Target(run_record, lambda: _RECORDS, (RecordError,), (b"\1", b"\x7f\xf0", b"\xff")),
    "options": Target(run_options, _options, (JsonError, items.OptionError), _JSON_TOKENS),
    "unbox": Target(run_unbox, _boxes, tokens=(b"A", b"=", b".box", b"-_", b"\xff")),
}
