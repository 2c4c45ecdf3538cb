"""Names that messages give to blobs, and the words of them: as ssb-meme 1.1 over flumeview-search 2 reads them.

Pure; called by the view of memes.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from common.refs import BlobId, is_blob

__all__ = ["LEAST", "MAX_WORD", "Meme", "memes_in", "terms", "words_in"]

LEAST = 3
"""Letters of a name, of a word, and of a term that count."""
MAX_WORD = 64
"""Letters of a word that count."""
MAX_WORDS = 200
"""Words of one message that are found."""

_EXTENSION = re.compile(r"\.(jpg|jpeg|png|gif|bmp|svg)\Z", re.IGNORECASE)
_SPACES = re.compile("[-._/~\\s\ufeff]")
_WORD = re.compile(r"[A-Za-z0-9_]+")


class Meme(NamedTuple):
    """A blob and what a message calls it."""

    link: BlobId
    name: str

    def has(self, query: str) -> bool:
        """Whether the name has all parts of a query (in lower case) that count."""
        name = self.name.lower()
        return all(part in name for part in _SPACES.split(query) if _units(part) >= LEAST)


def memes_in(content: Any) -> Iterator[Meme]:
    """The blobs with a name that content mentions."""
    mentions = content.get("mentions") if isinstance(content, dict) else None
    for one in mentions if isinstance(mentions, list) else [mentions]:
        if isinstance(one, dict):
            link, name = one.get("link"), one.get("name")
            if isinstance(name, str) and is_blob(link) and _units(name) >= LEAST:
                yield Meme(link, name)


def words_in(content: Any) -> set[str]:
    """The words by which the blobs that content mentions are found."""
    names = (_SPACES.sub(" ", _EXTENSION.sub("", meme.name)) for meme in memes_in(content))
    found: dict[str, None] = {}
    for word in terms(" ".join(names)):
        found[word.lower()] = None
        if len(found) == MAX_WORDS:
            break
    return set(found)


def terms(text: str) -> list[str]:
    """The words of a text that count, cut at MAX_WORD."""
    return [word[:MAX_WORD] for word in _WORD.findall(text) if len(word) >= LEAST]


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
