"""The files of the views: opened, or begun anew where they are of no use.

Knows the folder; never what a view holds. Views can be folded again from the log. Called by `__main__`.
"""

import logging
import shutil
from pathlib import Path

from common.runtime.derived import open_derived
from common.store import Batch, Store
from services.indexing.model.shelf import FAMILIES, META

__all__ = ["open_views"]

LOGGER = logging.getLogger("indexing")
FOLDER = Path("scuttlebot", "views")
LAYOUT = b"layout"
PRESENT = b"2"
"""Of families and their keys; another one is not read: the views are folded again."""


def open_views(data: Path) -> Store:
    """Open the views of a data folder.

    Raises: StartError when they are locked or the folder cannot be used; NotNow when the disk is full.
    """
    store = _open(data)
    if store.get(META, LAYOUT) == PRESENT:
        return store
    if next(store.scan(META, limit=1), None) is not None:
        LOGGER.info("the views are laid out in an older way: they are folded again from the log")
        store.close()
        shutil.rmtree(data / FOLDER)
        store = _open(data)
    batch = Batch()
    batch.put(META, LAYOUT, PRESENT)
    store.write(batch, sync=False)
    return store


def _open(data: Path) -> Store:
    return open_derived(data / FOLDER, FAMILIES, "the views are folded again from the log")
