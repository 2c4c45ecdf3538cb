"""The files of the views: opened, or begun anew where they are of no use.

Knows the folder; never what a view holds. Views can be folded again from the log, so a damaged database is
thrown away without a question. Called by `__main__`.
"""

import logging
import shutil
from pathlib import Path

from common.runtime.errors import NotNow, StartError
from common.store import Store, StoreDamaged, StoreError, StoreFull, open_rocks
from services.indexing.model import families

__all__ = ["open_views"]

LOGGER = logging.getLogger("indexing")
FOLDER = Path("scuttlebot", "views")
# Half of what storage keeps free: when the log stops for want of room, the views still reach its end.
RESERVE = 32 << 20


def open_views(data: Path) -> Store:
    """Open the views of a data folder.

    Raises: StartError when they are locked or the folder cannot be used; NotNow when the disk is full.
    """
    path = data / FOLDER
    try:
        try:
            return open_rocks(path, families(), reserve=RESERVE)
        except StoreDamaged as error:
            LOGGER.warning("the views are folded again from the log: %s", error)
            shutil.rmtree(path)
            return open_rocks(path, families(), reserve=RESERVE)
    except StoreFull as error:
        raise NotNow(str(error)) from error
    except OSError as error:
        raise StartError(f"{path}: {error.strerror}") from error
    except StoreError as error:
        raise StartError(str(error)) from error
