"""Key pairs and signatures in the text forms of ssb-keys.

Knows how keys and signatures are spelled (`<base64>.ed25519`, `<base64>.sig.ed25519`) and how the HMAC key
of a network (`caps.sign`) comes in; never what is signed. `common.feed` signs messages through it.
"""

from binascii import a2b_base64, b2a_base64
from dataclasses import dataclass, field

from common.crypto import sodium
from common.refs.ids import FeedId, feed_id

CURVE = "ed25519"
SEED_BYTES = 32
_TAG = f".{CURVE}"
_SIGNATURE_TAG = f".sig.{CURVE}"


@dataclass(frozen=True, slots=True)
class Keys:
    """An identity: feed id, Ed25519 public key (32 bytes), secret key (64 bytes, seed first)."""

    id: FeedId
    public: bytes
    secret: bytes = field(repr=False)


def generate(seed: bytes) -> Keys:
    """The identity that grows from 32 bytes, which the caller draws at random.

    Raises:
        ValueError: the seed has another length.
    """
    public, secret = sodium.keypair(seed)
    return Keys(feed_id(public), public, secret)


def from_secret(secret: bytes) -> Keys:
    """The identity of a 64-byte secret key, whose second half is the public key.

    Raises:
        ValueError: the halves don't belong together, or the length is another.
    """
    keys = generate(secret[:SEED_BYTES])
    if keys.secret != secret:
        raise ValueError("the halves of this secret key don't belong together")
    return keys


def sign_bytes(keys: Keys, message: bytes, hmac_key: bytes | None = None) -> bytes:
    """Detached signature (64 bytes); with an HMAC key (32 bytes) that of the message's HMAC."""
    return sodium.sign(keys.secret, _hmac(message, hmac_key))


def verify_bytes(
    public: bytes, signature: bytes, message: bytes, hmac_key: bytes | None = None
) -> bool:
    """Whether a signature made by `sign_bytes` holds; False for any other length of signature."""
    return sodium.verify(public, signature, _hmac(message, hmac_key))


def sign(keys: Keys, message: bytes, hmac_key: bytes | None = None) -> str:
    """Signature as it stands in messages: `<base64>.sig.ed25519`."""
    return spell(sign_bytes(keys, message, hmac_key), _SIGNATURE_TAG)


def verify(public: bytes, signature: str, message: bytes, hmac_key: bytes | None = None) -> bool:
    """Whether a signature in text form holds; its tag is not looked at (ssb-keys verify)."""
    return verify_bytes(public, read_base64(signature), message, hmac_key)


def spell(key: bytes, tag: str = _TAG) -> str:
    """Base64 and tag: the spelling of keys in the secret file."""
    return b2a_base64(key, newline=False).decode("ascii") + tag


def tag_of(text: str) -> str:
    """What follows the first dot, or the whole text where there is none (ssb-keys getTag)."""
    return text[text.find(".") + 1 :]


def has_sigil(text: str) -> bool:
    """Whether a text begins as an id does."""
    return text.startswith(("@", "%", "&"))


def read_base64(text: str) -> bytes:
    """The bytes between sigil and first dot, read as leniently as Node's Buffer does.

    Node takes the low byte of every UTF-16 unit, skips what is no digit, takes both alphabets, and ends
    at the first `=`; digits left over that make no whole byte are dropped.
    """
    body = text[1 if has_sigil(text) else 0 :].split(".", 1)[0]
    units = body.encode("utf-16-le", "surrogatepass")[::2].split(b"=", 1)[0]
    digits = units.translate(_TO_STANDARD, _NO_DIGIT)
    spare = len(digits) % 4
    if spare == 1:
        digits = digits[:-1]
    return a2b_base64(digits + b"==")


def _hmac(message: bytes, hmac_key: bytes | None) -> bytes:
    return message if hmac_key is None else sodium.hmac_512_256(message, hmac_key)


_DIGITS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")
_NO_DIGIT = bytes(set(range(256)) - set(_DIGITS + b"-_"))
