"""`sbot fsck`, `sbot compact` and `sbot rebuild` on a terminal: a bar while they last, and what was found in words.

Knows the items that these methods give; elsewhere than on a terminal they are printed as JSON like those of any method.
Called by `__main__`.
"""

import json
from collections.abc import Callable
from contextlib import closing, suppress
from threading import Event, Thread
from typing import Any, Final

from services.sbot.call import AnswerError, Show, call
from services.sbot.connection import Line, Unreachable
from services.sbot.progress import Steps, size_text

__all__ = ["NAMES", "Report", "follow_rebuild"]

NAMES: Final = (("fsck",), ("compact",))
"""Methods whose items a `Report` takes."""
POLL_SECONDS: Final = 0.3
COUNTS: Final = ("checked", "compacted", "renewed", "asked")
"""What of an item says how far its part is."""
WORDS: Final = {"log": "log", "views": "views", "peers": "from peers"}


class Report:
    """What is printed of the items of `fsck` and `compact`: `write` gets whole lines."""

    def __init__(self, steps: Steps, write: Callable[[str], None]) -> None:
        self._steps = steps
        self._write = write
        #: Whether all that was told is well.
        self.ok = True

    def take(self, data: bytes) -> None:
        """One item, as `call` shows it."""
        item: dict[str, Any] = json.loads(data)
        part = WORDS.get(item.get("part", ""), "")
        for count in COUNTS:
            if count in item:
                self._steps.show(part, item[count], item["of"])
                return
        if text := _line(item, part):
            self._steps.clear()
            self._write(text)
        if "problems" in item:
            self.ok = bool(item["ok"])


def _line(item: dict[str, Any], part: str) -> str:
    """An item that is no progress, in words."""
    if "problems" in item:
        if not item["problems"]:
            return "all is well"
        return f"{item['problems']} problems, {item['mended']} mended"
    if "problem" in item:
        about = " ".join(str(item[name]) for name in ("feed", "sequence", "id") if name in item)
        at = f" at {item['position']}" if item.get("position") else ""
        mended = "  mended" if item.get("mended") else ""
        return f"{part}{at}: {item['problem']}: {item['why']}{mended}  {about}".rstrip()
    if "before" in item:
        return f"{part}: {size_text(item['after'])}, before {size_text(item['before'])}"
    if "rebuilt" in item:
        return f"view {item['view']}: built anew"
    return f"view {item['view']}: {'well' if item['ok'] else 'not what the log gives'}"


def follow_rebuild(connect: Callable[[], Line], args: list[Any], show: Show, steps: Steps) -> None:
    """Call `rebuild`, and look how far it is over other lines meanwhile.

    Raises: AnswerError; Unreachable.
    """
    done = Event()
    watching = Thread(target=_watch, args=(connect, done, steps), daemon=True)
    with closing(connect()) as line:
        watching.start()
        try:
            call(line, ("rebuild",), "async", args, show)
        finally:
            done.set()
            watching.join()


def _watch(connect: Callable[[], Line], done: Event, steps: Steps) -> None:
    """Ends with the rebuild, or when the server does not answer: the call itself tells why."""
    with suppress(Unreachable, AnswerError, OSError):
        while not done.wait(POLL_SECONDS):
            told: list[bytes] = []
            with closing(connect()) as line:
                call(line, ("status",), "async", [], told.append)
            services = json.loads(told[0]).get("services", {})
            end = services.get("storage", {}).get("position", 0)
            for view, position in services.get("indexing", {}).get("building", {}).items():
                steps.show(f"view {view}", position, end)
