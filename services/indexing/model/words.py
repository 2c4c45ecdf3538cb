"""The words of a text, as full-text search finds them.

Words in ASCII are those of flumeview-search 2.0: runs of letters, digits and `_` of three or more, in lower case, each found
by how it begins. Beyond ASCII, where that knows nothing, words are runs of any script's letters and digits. Pure. Called by the views and
by the queries.
"""

import re
from functools import lru_cache
from hashlib import blake2b
from math import inf
from struct import pack
from typing import Any, NamedTuple

from common.feed.javascript import is_number, is_truthy, text_of
from common.feed.record import Record
from services.indexing.model.message import parse_value

__all__ = ["Entry", "claimed", "entry_of", "terms_of", "words_of"]

MIN_ASCII = 3
"""Letters of the shortest word in ASCII that is found."""
MAX_WORD = 200
"""Letters of a word that count."""
MAX_KNOWN = 40
"""Letters of what may be remembered: the same words come again and again."""
_TEXT = b'"text"'
"""What every message has that has words: names in messages are never written otherwise."""
_WORD = re.compile(r"\w+")
_ASCII = re.compile(r"[a-z0-9_]{3,}")
_SPACES = bytes(code if code >= 0x80 or _WORD.match(chr(code)) else ord(" ") for code in range(256))
"""Makes spaces of what is in no word, of bytes of ASCII in UTF-8."""
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\U00020000-\U0003ffff]"
)
"""Scripts that do not part their words: what is written in them is found from any letter on."""
_FROM_ANY = 12
"""Letters that count then."""


class Entry(NamedTuple):
    """A public message to be found: its position, its words, its claimed time, and a sum of those (64 bits)."""

    position: int
    words: frozenset[str]
    time: float
    sum: int


def entry_of(position: int, record: Record) -> Entry | None:
    """What of a record is to be found; None where it has no words that everybody may see."""
    if _TEXT not in record.message:
        return None
    value = parse_value(record.message)
    words, time = words_of(value["content"]), claimed(value["timestamp"])
    if not words:
        return None
    told = blake2b(pack(">d", time) + " ".join(sorted(words)).encode(), digest_size=8)
    return Entry(position, frozenset(words), time, int.from_bytes(told.digest()))


def claimed(timestamp: Any) -> float:
    """The time that an author claims; what is none is before all others."""
    return float(timestamp) if is_number(timestamp) else -inf


def words_of(content: Any) -> set[str]:
    """The words of a message's content: of its `text`, whatever JavaScript makes of that as a text."""
    text = content.get("text") if isinstance(content, dict) else None
    return _words(text_of(text)) if is_truthy(text) else set()


def terms_of(query: str) -> list[str]:
    """The beginnings of words that a question asks for, each once; those too short to be found are left out."""
    found = (match.group()[:MAX_WORD] for match in _WORD.finditer(query.lower()))
    terms = (_from(term, 0) if _UNSPACED.match(term) else term for term in found)
    return list(
        dict.fromkeys(term for term in terms if len(term) >= MIN_ASCII or not term.isascii())
    )


def _words(text: str) -> set[str]:
    words = set[str]()
    for part in _parts(text.lower()):
        if not part.isascii():
            words |= _known(part) if len(part) <= MAX_KNOWN else _strange(part)
        elif len(part) >= MIN_ASCII:
            words.add(part[:MAX_WORD])
    return words


def _strange(part: str) -> frozenset[str]:
    """The words of a part that is not all ASCII."""
    words = set[str]()
    for word in _WORD.findall(part):
        if not word.isascii():
            words.add(word[:MAX_WORD])
            words.update(found[:MAX_WORD] for found in _ASCII.findall(word))
            words.update(_from(word, place.start()) for place in _UNSPACED.finditer(word))
        elif len(word) >= MIN_ASCII:
            words.add(word[:MAX_WORD])
    return frozenset(words)


_known = lru_cache(4_000)(_strange)


def _parts(text: str) -> set[str]:
    """What stands between characters of ASCII that are in no word: words, where it is all ASCII."""
    raw = text.encode("utf-8", "surrogatepass").translate(_SPACES)
    return set(raw.decode("utf-8", "surrogatepass").split())


def _from(word: str, start: int) -> str:
    return word[start : start + _FROM_ANY]
