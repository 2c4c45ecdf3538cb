"""Threads: the view that finds them.

The fold stands in `model/threads.py`. Found by its place, like all views.
"""

from collections.abc import Mapping

from common.bus import Method
from services.indexing.adapters.reader import Reader
from services.indexing.model.threads import Threads
from services.indexing.model.view import View

__all__ = ["VIEWS", "methods"]

VIEWS: tuple[View, ...] = (Threads(),)


def methods(_: Reader) -> Mapping[str, Method]:
    """Nothing by itself."""
    return {}
