"""Who we are in a data folder: its secret, or a new one where nothing was ever stored.

Knows which files of the folder belong together. Called by `start` and by `init`.
"""

import sys

from common.crypto.keys import Keys
from common.runtime import secret
from common.runtime.errors import StartError
from common.runtime.settings import Settings

DATABASE = "scuttlebot"  # the folder that storage and indexing keep their databases in
OTHER_LOG = "flume"  # where ssb-server keeps its log


def claim(settings: Settings) -> Keys:
    """Read the secret, or make it in a folder that is new.

    Raises:
        StartError: it is damaged, or missing although messages are stored: a new identity beside the log
            of the old one is never what the owner wants.
    """
    database = settings.path / DATABASE
    if database.exists() and not settings.secret_path.exists():
        raise StartError(
            f"{settings.secret_path}: is missing, though {database} holds messages of its owner: "
            "put it back, or choose another folder"
        )
    if (settings.path / OTHER_LOG).exists():
        sys.stderr.write(
            f"sbot: warning: {settings.path / OTHER_LOG} holds a log of ssb-server, which is not read; "
            "publishing before your own messages came back from peers forks your feed\n"
        )
    return secret.load_or_create(settings.secret_path)
