"""Keys as 24 words for paper, and back (ssb-keys-mnemonic 1.0.1: BIP 39 over the seed).

`bip39_english.txt` is the English word list of BIP 39 (MIT), unchanged.
"""

import re
from importlib.resources import files

from common.crypto.keys import SEED_BYTES, Keys, generate
from common.crypto.sodium import sha256_digest

WORDS = 24
MAX_WORDS = 48  # older applications wrote the public key's words as well; those are passed over
_WORD_BITS = 11
_CHECK_BITS = 8
# What JavaScript takes for white space.
_SPACE = "\t\n\v\f\r \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_GAP = re.compile(f"[{_SPACE}]+")

_LIST = files("common.crypto").joinpath("bip39_english.txt").read_text("ascii").split()
_NUMBER = {word: n for n, word in enumerate(_LIST)}


def to_words(keys: Keys) -> str:
    """The 24 words of an identity, with single spaces between."""
    seed = keys.secret[:SEED_BYTES]
    bits = int.from_bytes(seed + sha256_digest(seed)[:1], "big")
    shifts = range(_WORD_BITS * (WORDS - 1), -1, -_WORD_BITS)
    return " ".join(_LIST[bits >> shift & (1 << _WORD_BITS) - 1] for shift in shifts)


def from_words(text: str) -> Keys:
    """The identity of 24 words (or 48 of which the last 24 are ignored).

    Raises:
        ValueError: too few or too many, a word that isn't of the list, or words that don't belong together.
    """
    words = [word for word in _GAP.split(text) if word]
    if not WORDS <= len(words) <= MAX_WORDS:
        raise ValueError("there should be 24 words")
    bits = 0
    for word in words[:WORDS]:
        if word not in _NUMBER:
            raise ValueError("invalid words")
        bits = bits << _WORD_BITS | _NUMBER[word]
    seed = (bits >> _CHECK_BITS).to_bytes(SEED_BYTES, "big")
    if sha256_digest(seed)[0] != bits & (1 << _CHECK_BITS) - 1:
        raise ValueError("invalid words")
    return generate(seed)
