"""An unmodified Oasis from a folder, without the server that it brings: 2.17 (fraction/oasis) or 0.9 (epsylon/oasis).

It finds the server at the socket in `.ssb` of its home folder. 2.17 is of a time when Node only warned of a promise that
failed unheard: it asks for messages that nobody has.
"""

import asyncio
import contextlib
import os
import re
from pathlib import Path
from typing import Self

from tests.support.driver import PEERS
from tests.support.ports import free_port

ENTRIES = ("src/index.js", "src/backend/backend.js")
PRELOAD = PEERS / "oasis-preload.js"
START_LIMIT_S = 120
ROUTE = re.compile(r"""^\s*\.get\(["'](/[^"':]*)["']""", re.MULTILINE)
OUTSIDE = ("/fediverse", "/multiverse", "/wallet", "/ai", "/dev", "/melody/audio.wav")
"""Pages that ask other services than the server, or give no page."""


STUCK = ("/profile",)
"""Pages that 0.9.6 never gives beside ssb-server either, over what the crowd of `social.js` says."""


class Oasis:
    """Its process; use it as an async context manager."""

    def __init__(self, folder: Path, home: Path) -> None:
        [self._entry] = [folder / entry for entry in ENTRIES if (folder / entry).exists()]
        self.is_old = self._entry.name == "index.js"
        self._home = home
        self._port = free_port()
        self.url = f"http://localhost:{self._port}"
        self.log = home.parent / "oasis.log"

    def pages(self) -> list[str]:
        """The pages whose address names nothing."""
        found = ROUTE.findall(self._entry.read_text(encoding="utf-8"))
        files = (".txt", ".css", "/pdf", "/export", "export-pubs")
        stuck = () if self.is_old else STUCK
        asked = [page for page in found if not page.startswith(OUTSIDE) and page not in stuck]
        return [page for page in asked if not page.endswith(files)]

    async def __aenter__(self) -> Self:
        environment = {name: one for name, one in os.environ.items() if name != "OASIS_TEST"}
        environment |= {"HOME": str(self._home), "XDG_CONFIG_HOME": str(self._home / ".config")}
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *("node", "--unhandled-rejections=warn", "--require", str(PRELOAD)),
                str(self._entry),
                *("--no-open", "--offline", "--port", str(self._port)),
                stdout=log,
                stderr=log,
                env=environment,
                cwd=self._entry.parent,
            )
        async with asyncio.timeout(START_LIMIT_S):
            while not await self._answers():
                assert self.process.returncode is None, self.log.read_text()[-2000:]
                await asyncio.sleep(0.2)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.process.returncode is None:
            self.process.terminate()
        await self.process.wait()

    async def _answers(self) -> bool:
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("localhost", self._port)
            writer.close()
            return True
        return False
