"""PATH/config, where `gossip.enable` and `gossip.disable` keep what they change, as ssb-gossip does.

Knows the file. Must never know what a setting means.
"""

from pathlib import Path

import orjson

from common.bus import CallerError, OurError
from common.runtime import sources
from common.runtime.errors import SettingsError
from common.runtime.whole_file import put_whole

__all__ = ["put"]


def put(folder: Path, name: str, value: bool) -> None:
    """Write one member of `gossip`; the others stay, comments do not.

    Raises:
        CallerError: the file is damaged; it is left as it is (ssb-gossip would write over it).
        OurError: it cannot be written.
    """
    path = folder / "config"
    try:
        document = sources.read(path) or {}
    except SettingsError as error:
        raise CallerError(str(error)) from error
    section = document.get("gossip")
    document["gossip"] = {**(section if isinstance(section, dict) else {}), name: value}
    try:
        put_whole(path, orjson.dumps(document, option=orjson.OPT_INDENT_2))
    except OSError as error:
        raise OurError(f"{path} cannot be written: {error.strerror}") from error
