"""Databases that may be thrown away: what is in them can be made, or asked for, again.

Knows how a damaged one is begun anew and how a start fails that cannot; never what is stored. Called by the
services that own one, once each.
"""

import logging
import shutil
from collections.abc import Sequence
from pathlib import Path

from common.runtime.errors import NotNow, StartError
from common.store import Store, StoreDamaged, StoreError, StoreFull, open_rocks

__all__ = ["open_derived"]

log = logging.getLogger("runtime")

RESERVE = 32 << 20
"""Half of what storage keeps free: when the log stops for want of room, what follows it still reaches its end."""


def open_derived(path: Path, families: Sequence[str], loss: str) -> Store:
    """Open a database; a damaged one is deleted, with one warning that says what is lost.

    Raises: StartError when it is locked or the folder cannot be used; NotNow when the disk is full.
    """
    try:
        try:
            return open_rocks(path, families, reserve=RESERVE)
        except StoreDamaged as error:
            log.warning("%s: %s", loss, error)
            shutil.rmtree(path)
            return open_rocks(path, families, reserve=RESERVE)
    except StoreFull as error:
        raise NotNow(str(error)) from error
    except OSError as error:
        raise StartError(f"{path}: {error.strerror}") from error
    except StoreError as error:
        raise StartError(str(error)) from error
