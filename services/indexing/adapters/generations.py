"""The folders of the full-text indexes: numbered, one that answers and perhaps one that is built beside it.

Decides at the start which is which; removes what is of no use, and what is damaged. What it does blocks. Called by
`adapters/search.py`.
"""

import logging
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from common.runtime.errors import StartError
from common.store import StoreDamaged, StoreError
from services.indexing.adapters.fulltext import VERSION, Fulltext

__all__ = ["Generations"]

LOGGER = logging.getLogger("indexing")
FOLDER = Path("scuttlebot", "search")
READS: frozenset[int] = frozenset({VERSION})
"""Versions that go on answering while the present one is built."""


class Generations:
    """The indexes of a data folder."""

    def __init__(self, data: Path) -> None:
        self._folder = data / FOLDER

    def open(self) -> tuple[Fulltext, Fulltext | None]:
        """The index that answers, made if there is none, and one that is to be built.

        Raises: StoreFull; StartError, when the folder cannot be used.
        """
        try:
            found = [one for number in sorted(self._numbers()) for one in self._opened(number)]
            live = self._pick(found, answers=True)
            built = self._pick(found, answers=False)
            if live is None:
                live, built = built, None
            elif built is None and live.state.version != VERSION:
                built = self.begin()
            live = live or self.begin()
        except (OSError, StoreDamaged) as error:
            raise StartError(f"{self._folder}: {error}") from error
        for one in found:
            one.delete()
        return live, built

    def begin(self) -> Fulltext:
        """An empty index, in a folder of its own.

        Raises: StoreFull, StoreDamaged.
        """
        return Fulltext(self._folder / str(max(self._numbers(), default=0) + 1))

    def again(self, index: Fulltext) -> Fulltext:
        """Open an index once more, as it was last committed; begin anew one that cannot be opened.

        Raises: StoreFull, StoreDamaged.
        """
        with suppress(StoreError):
            index.close()
        with suppress(StoreDamaged):
            return Fulltext(index.folder)
        return self.anew(index)

    def anew(self, index: Fulltext) -> Fulltext:
        """An empty index in the place of one that is of no use.

        Raises: StoreFull, StoreDamaged.
        """
        with suppress(StoreError):
            index.close()
        LOGGER.warning("the search index is built anew from the log")
        shutil.rmtree(index.folder, ignore_errors=True)
        return Fulltext(index.folder)

    def _numbers(self) -> list[int]:
        if not self._folder.exists():
            return []
        return [int(path.name) for path in self._folder.iterdir() if path.name.isdecimal()]

    def _opened(self, number: int) -> Iterator[Fulltext]:
        folder = self._folder / str(number)
        try:
            yield Fulltext(folder)
        except StoreDamaged as error:
            LOGGER.warning("the search index is built anew from the log: %s", error)
            shutil.rmtree(folder)

    @staticmethod
    def _pick(found: list[Fulltext], *, answers: bool) -> Fulltext | None:
        """Take out the newest index that answers, or that is being built."""
        versions = READS if answers else {VERSION}
        for one in reversed(found):
            if one.state.answers == answers and one.state.version in versions:
                found.remove(one)
                return one
        return None
