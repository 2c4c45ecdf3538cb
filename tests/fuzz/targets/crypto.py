"""Keys as text and private boxes."""

from common.crypto import envelope, keys, mnemonic, private_box, secret_file, sodium
from tests.fuzz import seeds
from tests.fuzz.registry import Target
from tests.fuzz.source import Source

_KEYS = keys.generate(b"k" * 32)
_SECRET = sodium.convert_secret(_KEYS.secret)
_PUBLIC = sodium.scalarmult_base(_SECRET)
_CONTEXT = envelope.Context.of(b"f" * 34, b"p" * 34)
_SLOT = envelope.SlotKey(b"g" * 32, "envelope-large-symmetric-group")


def run_secret_file(data: bytes) -> None:
    secret_file.read(data)
    found = secret_file.parse(data)
    assert secret_file.parse(secret_file.render(found).encode()) == found


def run_key_text(data: bytes) -> None:
    """What Node's leniency with base64 makes of any text."""
    text = seeds.as_text(data)
    keys.tag_of(text)
    keys.read_base64(text)
    assert not keys.verify(_KEYS.public, text, b"m")
    assert keys.read_base64(keys.spell(data)) == data


def run_mnemonic(data: bytes) -> None:
    found = mnemonic.from_words(seeds.as_text(data))
    assert mnemonic.from_words(mnemonic.to_words(found)) == found


def run_private_box(data: bytes) -> None:
    """A box changed on its way opens to what was put in or not at all; bytes of a stranger never do."""
    source = Source(data)
    plain = source.take(source.number() % 64)
    boxed = private_box.encrypt(
        plain,
        [_PUBLIC] * (1 + source.number() % 7),
        private_box.Randomness.cut(bytes(range(1, 89))),
    )
    assert private_box.decrypt(source.edited(boxed), _SECRET) in (plain, None)
    stranger = source.rest()
    private_box.open_key(stranger, _SECRET, 255)
    private_box.open_body(stranger, b"\xff" + bytes(32))


def run_envelope(data: bytes) -> None:
    """An envelope changed on its way opens to what was put in or not at all; bytes of a stranger never do."""
    source = Source(data)
    plain = source.take(1 + source.number() % 64) or b"p"
    boxed = envelope.box(plain, _CONTEXT, b"m" * 32, [_SLOT] * (1 + source.number() % 16))
    edited = source.edited(boxed)
    found = envelope.open_key(edited, _CONTEXT, [_SLOT])
    assert found is None or envelope.open_body(edited, _CONTEXT, found.reading) in (plain, None)
    stranger = source.rest()
    assert envelope.open_key(stranger, _CONTEXT, [_SLOT]) is None
    assert envelope.open_body(stranger, _CONTEXT, b"r" * 32) is None


def _secrets() -> list[bytes]:
    return [
        secret_file.render(_KEYS).encode(),
        *seeds.texts("keys/generated-keys", "text", "file", "input"),
    ]


TARGETS = {
    "secret_file": Target(
        run_secret_file,
        _secrets,
        (ValueError,),
        (b"#", b"\n", b'{"id":"@","public":', b"[", b"9", b'"private":"', b"\x80"),
    ),
    "key_text": Target(run_key_text, _secrets, tokens=(b"=", b".", b"@", b"-", b"\xc4\x81")),
    "mnemonic": Target(
        run_mnemonic,
        lambda: [mnemonic.to_words(_KEYS).encode()],
        (ValueError,),
        (b" ", b"abandon ", b"\xe2\x80\xa8"),
    ),
    "private_box": Target(run_private_box, lambda: [b"", b"\4abcd\1\1\0\7\3xyz", bytes(300)]),
    "envelope": Target(run_envelope, lambda: [b"", b"\4abcd\1\1\0\7\3xyz", bytes(300)]),
}
