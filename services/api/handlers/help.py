"""`help`, and `plugins.*`, which say that nothing is installed here and what takes their place.

Called by the bus through `actor`.
"""

from typing import Any

from common.bus import Call, CallerError
from services.api.help_text import HELP, NO_PLUGINS, PLUGINS_HELP

__all__ = ["HelpHandlers"]


class HelpHandlers:
    """The methods."""

    async def help(self, _: Call) -> dict[str, Any]:
        """`help()`."""
        return HELP

    async def plugins_help(self, _: Call) -> dict[str, Any]:
        """`plugins.help()`."""
        return PLUGINS_HELP

    async def no_plugins(self, _: Call) -> None:
        """`plugins.install uninstall enable disable`.

        Raises:
            CallerError: always, with what to do instead.
        """
        raise CallerError(NO_PLUGINS, "refused")
