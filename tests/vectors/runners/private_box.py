"""private-box over bytes, and ssb-keys' box and unbox over message content."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from common.crypto import private_box, sodium
from common.crypto.keys import from_secret, generate, read_base64, spell
from common.crypto.private_box import Randomness
from common.feed.json import compact, parse
from common.feed.private import box, exchange_secret, unbox, unbox_with_slot
from common.refs.ids import FeedId
from tests.vectors.cases import by_op


def _randomness(case: dict[str, Any]) -> Randomness:
    """A case that must be refused draws nothing."""
    names = ("nonce_hex", "body_key_hex", "onetime_secret_hex")
    sizes = (24, 32, 32)
    return Randomness(
        *(
            bytes.fromhex(case.get(name, "01" * size))
            for name, size in zip(names, sizes, strict=True)
        )
    )


def _public(seed_hex: str) -> bytes:
    public = sodium.convert_public(generate(bytes.fromhex(seed_hex)).public)
    assert public is not None
    return public


@contextmanager
def _refused(case: dict[str, Any]) -> Iterator[None]:
    """A case with an `error` must fail with that text, any other must not."""
    try:
        yield
    except ValueError as error:
        reason: str | None = str(error)
    else:
        reason = None
    assert reason == case.get("error")


def _encrypt(case: dict[str, Any]) -> None:
    given = [bytes.fromhex(key) for key in case.get("recipients_curve25519_pk", [])]
    derived = [_public(seed) for seed in case["recipient_ed25519_seeds"]]
    assert not given or given == derived
    message, limit = bytes.fromhex(case["message_hex"]), case["max"] or 0
    with _refused(case):
        boxed = private_box.encrypt(message, derived, _randomness(case), limit)
        assert boxed.hex() == case["ciphertext_hex"]
        assert boxed[24:56].hex() == case["onetime_public_hex"]


def _hex(data: bytes | None) -> str | None:
    return None if data is None else data.hex()


def _decrypt(case: dict[str, Any]) -> None:
    boxed, secret = (bytes.fromhex(case[n]) for n in ("ciphertext_hex", "secret_curve25519_hex"))
    limit = case["max"] or 0
    assert _hex(private_box.open_key(boxed, secret, limit)) == case["length_and_key_hex"]
    assert _hex(private_box.decrypt(boxed, secret, limit)) == case["plaintext_hex"]


def _box(case: dict[str, Any]) -> None:
    recipients = [FeedId(feed) for feed in case["recipients"]]
    with _refused(case):
        assert box(parse(case["value"]), recipients, _randomness(case)) == case["boxed"]


def _unbox(case: dict[str, Any]) -> None:
    secret = exchange_secret(from_secret(read_base64(case["private"])))
    opened = unbox(case["boxed"], secret)
    assert (opened is not None) is case["opened"]
    assert (opened and compact(opened.content)) == case["value"]
    slot = private_box.open_key(read_base64(case["boxed"]), secret)
    if "unbox_key_base64" in case:
        assert (slot and spell(slot, "")) == case["unbox_key_base64"]
    if slot is not None:
        assert unbox_with_slot(case["boxed"], slot) == opened


RUNNERS = {
    "private-box/generated-private-box.json": by_op(
        {"encrypt": _encrypt, "decrypt": _decrypt, "ssb-box": _box, "ssb-unbox": _unbox}
    ),
}
