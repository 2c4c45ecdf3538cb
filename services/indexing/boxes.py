"""What opens the private boxes that are for us.

Knows our exchange key; never knows what is in a box. Called by `__main__`.
"""

from common.crypto.keys import Keys
from common.feed import private
from common.feed.json import Json
from services.indexing.model import Opens


def opener(keys: Keys) -> Opens:
    """A function that opens a box, and gives None for one that is not for these keys."""
    secret = private.exchange_secret(keys)

    def opens(boxed: str) -> Json | None:
        opened = private.unbox(boxed, secret)
        return None if opened is None else opened.content

    return opens
