"""envelope-spec: boxes, slots, derived keys, cloaked ids over bytes."""

from binascii import a2b_base64
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from common.crypto import envelope
from common.crypto.envelope import Context, SlotKey
from tests.vectors.cases import read_single
from tests.vectors.registry import Check

Fields = dict[str, Any]


def _bytes(fields: Fields, name: str) -> bytes:
    return a2b_base64(fields[name])


def _context(given: Fields) -> Context:
    return Context.of(_bytes(given, "feed_id"), _bytes(given, "prev_msg_id"))


def _key(given: Fields) -> SlotKey:
    return SlotKey(_bytes(given, "key"), given.get("scheme") or given["key_type"])


def _box(case: Fields) -> None:
    given, wanted = case["input"], case["output"]["ciphertext"]
    keys = [_key(one) for one in given["recp_keys"]]
    arguments = (_bytes(given, "plain_text"), _context(given), _bytes(given, "msg_key"), keys)
    if case["error_code"]:
        assert wanted is None
        with pytest.raises(ValueError, match="at least one byte"):
            envelope.box(*arguments)
    else:
        assert envelope.box(*arguments) == a2b_base64(wanted)


def _unbox(case: Fields) -> None:
    given = case["input"]
    boxed, context = _bytes(given, "ciphertext"), _context(given)
    found = envelope.open_key(boxed, context, [_key(given["recipient"])])
    assert found is not None
    assert envelope.open_body(boxed, context, found.reading) == _bytes(case["output"], "plain_text")


def _slot(case: Fields) -> None:
    given = case["input"]
    slot = envelope.slot(_bytes(given, "msg_key"), _key(given["recipient"]), _context(given))
    assert slot == _bytes(case["output"], "key_slot")


def _unslot(case: Fields) -> None:
    given = case["input"]
    key = envelope.slot(_bytes(given, "key_slot"), _key(given["recipient"]), _context(given))
    assert key == _bytes(case["output"], "msg_key")


def _derive(case: Fields) -> None:
    given, wanted = case["input"], case["output"]
    context = _context(given)
    reading = envelope.read_key(_bytes(given, "msg_key"), context)
    assert reading == _bytes(wanted, "read_key")
    for name in ("header_key", "body_key"):
        assert envelope.derive(reading, context, name.encode()) == _bytes(wanted, name)


def _cloaked(case: Fields) -> None:
    given = case["input"]
    cloaked = envelope.cloaked_id(_bytes(given, "public_msg_id"), _bytes(given, "read_key"))
    assert cloaked == _bytes(case["output"], "cloaked_msg_id")


_CHECKS: dict[str, Callable[[Fields], None]] = {
    "box": _box,
    "unbox": _unbox,
    "slot": _slot,
    "unslot": _unslot,
    "derive_secret": _derive,
    "cloaked_id": _cloaked,
}


def _run(file: Path) -> Iterator[tuple[str, Check]]:
    case = read_single(file)
    yield case["description"], partial(_CHECKS[case["type"]], case)


RUNNERS = {"envelope/*.json": _run}
