"""The words of what came out of private boxes; those of public messages are in the index of `adapters/fulltext.py`.

So what is private stands with all else that is, and nowhere else. `search.query` asks both.
"""

from collections.abc import Iterator, Mapping

from common.bus import Method
from services.indexing.adapters.reader import Reader
from services.indexing.model.message import PRIVATE, Message
from services.indexing.model.view import Row, View, text_key
from services.indexing.model.words import words_of

__all__ = ["VIEWS", "PrivateWords", "methods"]


class PrivateWords:
    """Word, position -> nothing."""

    name = "words"
    version = 1
    reads: frozenset[int] = frozenset()

    def rows(self, message: Message) -> Iterator[Row]:
        """One row for each word of a message that is for us."""
        if message.opened is not None:
            for word in sorted(words_of(message.content)):
                yield Row(text_key(word) + message.position.to_bytes(8), b"", PRIVATE)


VIEWS: tuple[View, ...] = (PrivateWords(),)


def methods(_: Reader) -> Mapping[str, Method]:
    """Nothing of its own."""
    return {}
