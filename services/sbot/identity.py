"""Who we are in a data folder: its secret, or a new one where nothing was ever stored.

Knows which files of the folder belong together. Called by `start` and by `init`.
"""

from pathlib import Path

from common.crypto.keys import Keys
from common.runtime import own_file, secret
from common.runtime.errors import StartError
from common.runtime.settings import Settings
from services.sbot import foreign

DATABASE = "scuttlebot"  # the folder that storage and indexing keep their databases in


def claim(settings: Settings) -> Keys:
    """Read the secret, or make it in a folder that is new: such a key has published nothing yet, and may at once.

    Raises:
        StartError: it is damaged, or missing although messages are stored: a new identity beside the log
            of the old one is never what the owner wants; or the secret may have published into a log that
            is not ours, and nobody said `ignoreOtherLog`.
    """
    database = settings.path / DATABASE
    if database.exists() and not settings.secret_path.exists():
        raise StartError(
            f"{settings.secret_path}: is missing, though {database} holds messages of its owner: "
            "put it back, or choose another folder"
        )
    if not database.exists() and not settings.ignore_other_log:
        _refuse_others(settings.path)
    fresh = not settings.secret_path.exists()
    keys = secret.load_or_create(settings.secret_path)
    if fresh:
        try:
            own_file.begin(settings.path, keys.id, 0)
        except OSError as error:
            raise StartError(f"{database}: cannot be made: {error.strerror}") from error
    return keys


def _refuse_others(folder: Path) -> None:
    """Keep out of a folder whose owner's messages we do not have: the next one published would fork the feed."""
    found = foreign.other_log(folder)
    if found is not None:
        program, place = found
        raise StartError(
            f"{place}: is of {program}, whose log cannot be imported yet, and publishing without it would fork the "
            "feed: choose another folder by --path"
        )
