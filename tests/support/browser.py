"""A headless Chromium, driven through chromedriver (W3C WebDriver): what a person sees, types and presses."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import urllib.request
from pathlib import Path
from typing import Any, Self

from tests.support.ports import free_port
from tests.support.processes import family

START_LIMIT_S = 60
PAGE_LIMIT_S = 60
FIND_LIMIT_MS = 20_000
"""How long something is looked for on the page that is coming."""
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
"""The name under which WebDriver gives an element, in its specification."""
STATUS = "return performance.getEntriesByType('navigation')[0].responseStatus"


def missing() -> list[str]:
    """The programs that are not on the path."""
    return [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]


class Browser:
    """One window, that reaches this machine alone; use it as an async context manager."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._root = f"http://127.0.0.1:{free_port()}"

    async def __aenter__(self) -> Self:
        port = self._root.rsplit(":", 1)[1]
        with (self._folder / "browser.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                "chromedriver", f"--port={port}", stdout=log, stderr=log
            )
        arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--disable-gpu",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
            f"--user-data-dir={self._folder / 'chromium'}",
        ]
        wanted = {
            "browserName": "chrome",
            "pageLoadStrategy": "eager",
            "timeouts": {"implicit": FIND_LIMIT_MS},
            "goog:chromeOptions": {"args": arguments},
        }
        try:
            async with asyncio.timeout(START_LIMIT_S):
                session = await self._connected({"capabilities": {"alwaysMatch": wanted}})
        except BaseException:
            await self._end()
            raise
        self._session = f"/session/{session['sessionId']}"
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            await self._ask("DELETE", self._session)
        finally:
            await self._end()

    async def open(self, url: str) -> int:
        """Goes to a page and waits until it stands, images or not; the status of its answer."""
        await self._ask("POST", f"{self._session}/url", {"url": url})
        return await self.status()

    async def status(self) -> int:
        """The HTTP status of the page that is shown."""
        return int(await self.run(STATUS))

    async def text(self) -> str:
        """What the page says."""
        return str(await self.run("return document.body.innerText"))

    async def type(self, selector: str, text: str) -> None:
        """Types into a field; for one of type file, chooses a file."""
        element = await self._find(selector)
        await self._ask("POST", f"{self._session}/element/{element}/value", {"text": text})

    async def press(self, selector: str) -> None:
        """Presses a button and waits until the page that comes stands."""
        element = await self._find(selector)
        await self.run("arguments[0].scrollIntoView()", {ELEMENT: element})
        await self._ask("POST", f"{self._session}/element/{element}/click", {})

    async def run(self, script: str, *arguments: object) -> Any:
        """What a script returns on the page."""
        body = {"script": script, "args": arguments}
        return await self._ask("POST", f"{self._session}/execute/sync", body)

    async def _find(self, selector: str) -> str:
        body = {"using": "css selector", "value": selector}
        found = await self._ask("POST", f"{self._session}/element", body)
        return str(found[ELEMENT])

    async def _connected(self, wanted: dict[str, Any]) -> Any:
        while True:
            try:
                return await self._ask("POST", "/session", wanted)
            except ConnectionError:
                await asyncio.sleep(0.1)

    async def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        return await asyncio.to_thread(self._request, method, path, body)

    def _request(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._root + path, data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PAGE_LIMIT_S) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            told = json.load(error)["value"]
            message = f"{path}: {told['error']}: {told['message']}"
            raise AssertionError(message) from error
        except urllib.error.URLError as error:
            raise ConnectionError(str(error)) from error

    async def _end(self) -> None:
        """Ends the driver, and a browser that still waits for a page."""
        for member in reversed(family(self._process.pid)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(member, signal.SIGTERM)
        await self._process.wait()
