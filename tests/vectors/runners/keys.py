"""ssb-keys: hashes, keys, signatures, the secret file, secret boxes, mnemonics."""

from typing import Any

from common.crypto import mnemonic, secret_file, sodium
from common.crypto.keys import (
    Keys,
    from_secret,
    generate,
    has_sigil,
    read_base64,
    sign,
    spell,
    tag_of,
    verify,
)
from common.feed.json import compact, encode_utf8, parse
from common.feed.message import sign_object
from common.feed.private import secret_box, secret_unbox
from tests.vectors.cases import by_op


def _utf8(text: str) -> bytes:
    """As Node writes UTF-8: a lone surrogate becomes U+FFFD."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


def _hash(data: bytes) -> str:
    return spell(sodium.sha256_digest(data), ".sha256")


def _hash_string(case: dict[str, Any]) -> None:
    assert _hash(case["input"].encode("utf-16-le", "surrogatepass")[::2]) == case["output"]


def _hash_utf8(case: dict[str, Any]) -> None:
    assert _hash(_utf8(case["input"])) == case["output"]


def _hash_bytes(case: dict[str, Any]) -> None:
    assert _hash(bytes.fromhex(case["input_hex"])) == case["output"]


def _spelled(keys: Keys) -> dict[str, str]:
    return {
        "curve": "ed25519",
        "public": spell(keys.public),
        "private": spell(keys.secret),
        "id": keys.id,
    }


def _generate(case: dict[str, Any]) -> None:
    keys = generate(bytes.fromhex(case["seed_hex"]))
    assert _spelled(keys) == case["keys"]
    assert sodium.convert_secret(keys.secret).hex() == case["curve25519_secret_hex"]


def _hmac_key(case: dict[str, Any]) -> bytes | None:
    return read_base64(case["hmacKey"]) if case["hmacKey"] else None


def _sign(case: dict[str, Any]) -> None:
    keys = from_secret(read_base64(case["private"]))
    assert sign(keys, _utf8(case["message"]), _hmac_key(case)) == case["signature"]


def _verify(case: dict[str, Any]) -> None:
    public = read_base64(case["public"])
    held = verify(public, case["signature"], _utf8(case["message"]), _hmac_key(case))
    assert held is case["valid"]


def _text(case: dict[str, Any]) -> None:
    assert tag_of(case["input"]) == case["tag"]
    assert has_sigil(case["input"]) is case["has_sigil"]
    assert read_base64(case["input"]).hex() == case["to_buffer_hex"]


def _sign_object(case: dict[str, Any]) -> None:
    keys = from_secret(read_base64(case["private"]))
    fields = parse(case["object"])
    assert isinstance(fields, dict)
    signed = sign_object(fields, keys, _hmac_key(case))
    assert compact(signed) == case["signed"]
    signature = signed.pop("signature")
    assert isinstance(signature, str)
    text = encode_utf8(signed)
    assert verify(keys.public, signature, text, _hmac_key(case)) is case["verifies"]
    assert verify(keys.public, signature, text) is case["verifies_without_hmac"]


def _secret_box(case: dict[str, Any]) -> None:
    boxed = secret_box(parse(case["value"]), bytes.fromhex(case["key_hex"]))
    assert (boxed and boxed.hex()) == case["boxed_hex"]


def _secret_unbox(case: dict[str, Any]) -> None:
    opened = secret_unbox(bytes.fromhex(case["boxed_hex"]), bytes.fromhex(case["key_hex"]))
    assert (opened and compact(opened.content)) == case["value"]


def _load_secret(case: dict[str, Any]) -> None:
    data = _utf8(case["text"])
    found = secret_file.read(data)
    assert found == case["keys"]
    try:
        spelled = _spelled(secret_file.parse(data))
    except ValueError:
        assert not isinstance(found, dict) or "private" not in found
    else:
        assert isinstance(found, dict)
        assert spelled.items() >= {n: v for n, v in found.items() if n in spelled}.items()


def _secret_text(case: dict[str, Any]) -> None:
    # `mode` is not compared: the reference makes the file 0400, this server 0600 (runtime.secret).
    keys = from_secret(read_base64(case["keys"]["private"]))
    assert secret_file.render(keys) == case["text"]


def _mnemonic(case: dict[str, Any]) -> None:
    words = mnemonic.to_words(from_secret(read_base64(case["keys"]["private"])))
    assert words == case["words"]
    assert _spelled(mnemonic.from_words(words)).items() >= case["back"].items()


def _mnemonic_parse(case: dict[str, Any]) -> None:
    try:
        keys = mnemonic.from_words(case["words"])
    except ValueError:
        assert case["keys"] is None
    else:
        assert _spelled(keys).items() >= case["keys"].items()


RUNNERS = {
    "keys/generated-keys.json": by_op(
        {
            "hash-string": _hash_string,
            "hash-utf8": _hash_utf8,
            "hash-bytes": _hash_bytes,
            "generate": _generate,
            "sign": _sign,
            "verify": _verify,
            "text": _text,
            "signObj": _sign_object,
            "secretBox": _secret_box,
            "secretUnbox": _secret_unbox,
            "load-secret-file": _load_secret,
            "secret-file-text": _secret_text,
            "mnemonic": _mnemonic,
            "mnemonic-parse": _mnemonic_parse,
        }
    )
}
