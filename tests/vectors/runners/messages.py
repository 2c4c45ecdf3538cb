"""messages/: validity, ids and signatures of messages, alone, in feeds, and as we make them."""

import json
from binascii import b2a_base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from common.crypto import keys as crypto_keys
from common.feed.create import create
from common.feed.errors import JsonError, RefusedContent
from common.feed.json import encode, parse
from common.feed.message import digest, message_id, sign_object
from common.feed.private import exchange_secret, unbox
from common.feed.validate import (
    Head,
    Invalid,
    Verified,
    check,
    check_out_of_order,
    follows,
    verify_raw,
    verify_value,
)
from common.refs.ids import message_id as spell_id
from common.refs.ids import raw
from tests.vectors.cases import each_case
from tests.vectors.registry import Check, Runner


def _head(state: dict[str, Any] | None) -> Head | None:
    return None if state is None else Head(raw(state["id"]), state["sequence"])


def _hmac_key(text: object) -> bytes | None:
    """The key behind a setting; what the reference finds no good key becomes one of a wrong length."""
    if text is None:
        return None
    if not isinstance(text, str):
        return b""
    key = crypto_keys.read_base64(text)
    return key if b2a_base64(key, newline=False).decode() == text else b""


def _keys(private: str) -> crypto_keys.Keys:
    return crypto_keys.from_secret(crypto_keys.read_base64(private))


def _judge(head: Head | None, text: str, hmac_key: bytes | None) -> Verified | Invalid:
    """What `check` says, which the two steps of the hot path must say too.

    A lone surrogate of the file has no UTF-8; as an escape it reads the same.
    """
    value = parse(text)
    result = check(head, value, hmac_key)
    for first in (
        verify_value(value, hmac_key),
        verify_raw(text.encode("utf-8", "backslashreplace"), hmac_key),
    ):
        refused = first if isinstance(first, Invalid) else follows(head, first)
        assert (refused is None) == isinstance(result, Verified), (refused, result)
        assert refused is not None or first == result
    return result


def _check_single(case: dict[str, Any]) -> None:
    hmac_key = _hmac_key(case["hmacKey"])
    try:
        value = parse(case["message"])
    except JsonError:
        assert case["stage"] == "parse"
        assert isinstance(
            verify_raw(case["message"].encode("utf-8", "backslashreplace"), hmac_key), Invalid
        )
        return
    assert "stage" not in case
    result = _judge(_head(case["state"]), case["message"], hmac_key)
    assert isinstance(result, Verified) == case["valid"], result
    if isinstance(result, Invalid):
        assert result.fatal == bool(case.get("fatal")), result
    else:
        assert spell_id(result.key) == case["id"]
    outcome = check_out_of_order(value, hmac_key)
    assert isinstance(outcome, Verified) == case["valid_out_of_order"], outcome
    assert message_id(value) == case["id"]
    assert digest(encode(value).encode())[1] == case["utf16_length"]


def _check_sequence(case: dict[str, Any]) -> None:
    hmac_key = _hmac_key(case["hmacKey"])
    last: dict[str, Verified] = {}
    for message, expected in zip(case["messages"], case["results"], strict=True):
        value = parse(message)
        author = value.get("author") if isinstance(value, dict) else None
        before = last.get(author) if isinstance(author, str) else None
        head = None if before is None else Head(before.key, before.sequence)
        result = _judge(head, message, hmac_key)
        assert isinstance(result, Verified) == expected["ok"], result
        if isinstance(result, Verified):
            last[result.author] = result
        else:
            assert result.fatal == expected["fatal"], result
    assert case["final"] == {
        feed: {"id": spell_id(v.key), "sequence": v.sequence, "timestamp": v.timestamp}
        for feed, v in last.items()
    }


def _check_create(case: dict[str, Any]) -> None:
    head, hmac_key = _head(case["state"]), _hmac_key(case["hmacKey"])
    content = parse(case["content"])
    try:
        message = create(head, _keys(case["private"]), hmac_key, content, case["timestamp"])
    except RefusedContent:
        assert not case["ok"]
        return
    assert case["ok"]
    assert encode(message) == case["message"]
    assert message_id(message) == case["id"]


def _check_dataset(case: dict[str, Any]) -> None:
    text = json.dumps(case["message"])
    value = parse(text)
    result = _judge(_head(case["state"]), text, _hmac_key(case["hmacKey"]))
    assert isinstance(result, Verified) == case["valid"], result
    assert message_id(value) == case["id"]


def _check_feed_entry(case: dict[str, Any]) -> None:
    full: Any = parse(case["full"])
    assert encode(full["value"]) == case["input"]
    assert message_id(full["value"]) == full["key"]
    unsigned = {name: member for name, member in full["value"].items() if name != "signature"}
    assert encode(unsigned) == case["noSig"]
    result = verify_value(full["value"], None)
    assert isinstance(result, Verified), result
    assert spell_id(result.key) == full["key"]


def _check_fixture(case: dict[str, Any]) -> None:
    result = verify_raw(json.dumps(case["value"]).encode(), None)
    assert isinstance(result, Verified), result
    assert spell_id(result.key) == case["key"]


def _list_of(check_case: Any) -> Runner:
    def run(file: Path) -> Iterator[tuple[str, Check]]:
        for n, case in enumerate(json.loads(file.read_text("utf-8"))):
            yield str(case.get("name", n)), _bound(check_case, case)

    return run


def _whole(check_file: Any) -> Runner:
    def run(file: Path) -> Iterator[tuple[str, Check]]:
        yield file.stem, _bound(check_file, file)

    return run


def _bound(check_one: Any, argument: Any) -> Check:
    def bound() -> None:
        check_one(argument)

    return bound


def _value_in(file: Path) -> Any:
    found: Any = parse(file.read_bytes())
    return found.get("value", found)


def _check_signed(file: Path) -> None:
    result = verify_value(_value_in(file), None)
    assert isinstance(result, Verified), result
    full: Any = parse(file.read_bytes())
    assert full.get("key", spell_id(result.key)) == spell_id(result.key)
    if isinstance(result.content, str):
        alice = _keys(_secret(file.parent / "secret")["private"])
        assert unbox(result.content, exchange_secret(alice)) is not None


def _check_tampered(file: Path) -> None:
    result = verify_value(_value_in(file), None)
    assert result == Invalid("invalid signature", fatal=True)


def _check_signing(file: Path) -> None:
    keys = _keys(_secret(file.parent / "secret")["private"])
    signed = sign_object(_value_in(file), keys, None)
    assert encode(signed) == (file.parent / "about-value-to-verify.json").read_text().strip()


def _check_secret(file: Path) -> None:
    secret = _secret(file)
    keys = _keys(secret["private"])
    assert (keys.id, crypto_keys.spell(keys.public)) == (secret["id"], secret["public"])


def _secret(file: Path) -> dict[str, str]:
    lines = file.read_text().splitlines()
    secret: dict[str, str] = json.loads("".join(line for line in lines if line[:1] != "#"))
    return secret


RUNNERS: dict[str, Runner] = {
    "messages/generated-single.json": each_case(_check_single),
    "messages/generated-sequences.json": each_case(_check_sequence),
    "messages/generated-create.json": each_case(_check_create),
    "messages/ssb-validation-dataset.json": _list_of(_check_dataset),
    "messages/go-ssb-feed.json": _list_of(_check_feed_entry),
    "messages/ssb-fixtures/*.json": _whole(
        lambda file: _check_fixture(json.loads(file.read_text("utf-8")))
    ),
    "messages/ssb-legacy-msg-alice/about-value-to-sign.json": _whole(_check_signing),
    "messages/ssb-legacy-msg-alice/*-tampered.json": _whole(_check_tampered),
    "messages/ssb-legacy-msg-alice/*.json": _whole(_check_signed),
    "messages/ssb-legacy-msg-alice/secret": _whole(_check_secret),
}
