"""The files of the views: opened, or begun anew where they are of no use.

Knows the folder; never what a view holds. Views can be folded again from the log. Called by `__main__`.
"""

from pathlib import Path

from common.runtime.derived import open_derived
from common.store import Store
from services.indexing.model import families

__all__ = ["open_views"]

FOLDER = Path("scuttlebot", "views")


def open_views(data: Path) -> Store:
    """Open the views of a data folder.

    Raises: StartError when they are locked or the folder cannot be used; NotNow when the disk is full.
    """
    return open_derived(data / FOLDER, families(), "the views are folded again from the log")
