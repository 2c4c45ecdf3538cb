"""Box stream: what is sealed, and what is opened of whole, cut and changed bytes."""

from typing import Any

from common.wire.boxstream import Opener, Sealer
from tests.vectors.cases import by_op

Case = dict[str, Any]


def _encrypt(case: Case) -> None:
    sealer = Sealer(bytes.fromhex(case["key"]), bytes.fromhex(case["nonce"]))
    sealed = b"".join(sealer.seal(bytes.fromhex(chunk)) for chunk in case["chunks_hex"])
    assert (sealed + sealer.goodbye()).hex() == case["ciphertext_hex"]


def _decrypt(case: Case) -> None:
    opener = Opener(bytes.fromhex(case["key"]), bytes.fromhex(case["nonce"]))
    data = bytes.fromhex(case["ciphertext_hex"])
    bodies: list[bytes] = []
    at = 0
    for size in case["pieces"] or [len(data)]:
        bodies += opener.feed(data[at : at + size])
        at += size
    bodies += opener.feed(data[at:])
    opener.receive_eof()
    assert b"".join(bodies).hex() == case["plaintext_hex"]
    assert opener.end == case["end"]


RUNNERS = {"boxstream/*.json": by_op({"encrypt": _encrypt, "decrypt": _decrypt})}
