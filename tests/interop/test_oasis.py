"""Oasis, unmodified, beside our server at its unix socket, in a headless Chromium: every page, and what people do there.

SBOT_OASIS names its folder, with its npm packages installed: a checkout of fraction/oasis (2.17) or epsylon/oasis (0.9).
What it asks of its server is compared with ssb-server's answers in test_same_oasis.py, without it.
"""

import base64
import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from common.refs.ids import blob_id
from tests.support.browser import Browser, missing
from tests.support.driver import Driver
from tests.support.oasis_app import ENTRIES, Oasis
from tests.support.pair import filled, make_data
from tests.support.servers import OurServer
from tests.support.waiting import until

OK = 200
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
BROKEN = ("Internal Server Error", "Not Found", "Cannot read propert", "TypeError")


def _absent() -> str | None:
    folder = os.environ.get("SBOT_OASIS")
    if not folder:
        return "SBOT_OASIS names no folder of Oasis"
    if not any((Path(folder) / entry).exists() for entry in ENTRIES):
        return f"no Oasis in SBOT_OASIS={folder}"
    return f"{' and '.join(missing())} missing" if missing() else None


pytestmark = [
    pytest.mark.interop,
    pytest.mark.timeout(900),
    pytest.mark.skipif(bool(_absent()), reason=_absent() or "there"),
]


@dataclass
class World:
    """Oasis in a browser, the server that it uses, and what is in there."""

    oasis: Oasis
    browser: Browser
    server: OurServer
    client: Driver
    data: dict[str, Any]

    async def open(self, page: str) -> None:
        """Shows a page."""
        assert await self.browser.open(self.oasis.url + page) == OK, page

    async def last(self) -> dict[str, Any]:
        """What we said last."""
        options = {"id": self.data["own"], "reverse": True, "limit": 1}
        [message] = await self.client.collect("createUserStream", options)
        return dict(message["value"]["content"])

    async def said(self, **members: Any) -> dict[str, Any]:
        """Waits until what we said last has these members."""

        async def found() -> dict[str, Any] | None:
            last = await self.last()
            return last if members.items() <= last.items() else None

        content: dict[str, Any] = await until(found)
        return content

    def liker(self) -> str:
        """A feed that votes for nothing that is not here: Oasis waits for ever for what it does not get."""
        known = [m["key"] for m in self.data["messages"]]
        votes = [
            (m["value"]["author"], m["value"]["content"].get("vote"))
            for m in self.data["messages"]
            if isinstance(m["value"]["content"], dict)
        ]
        bad = {
            who for who, vote in votes if isinstance(vote, dict) and vote.get("link") not in known
        }
        return str(next((one for one in self.data["feeds"] if one not in bad), self.data["far"]))

    def messages(self) -> list[dict[str, Any]]:
        """Roots of threads that everybody may read, newest last."""
        found = [m for m in self.data["messages"] if isinstance(m["value"]["content"], dict)]
        return [
            m
            for m in found
            if m["value"]["content"].get("type") == "post"
            and isinstance(m["value"]["content"].get("text"), str)
            and "root" not in m["value"]["content"]
        ]


@pytest.fixture
async def world(folder: Path) -> AsyncIterator[World]:
    data = make_data(folder, "social.js")
    home = folder / "home"
    home.mkdir()
    async with AsyncExitStack() as stack:
        server = OurServer(home / ".ssb", "--force")
        await stack.enter_async_context(filled(server, data, folder / "secret"))
        client = await server.client()
        oasis = await stack.enter_async_context(Oasis(Path(os.environ["SBOT_OASIS"]), home))
        browser = await stack.enter_async_context(Browser(folder))
        yield World(oasis, browser, server, client, data)


async def test_every_page(world: World) -> None:
    data, [*_, root] = world.data, world.messages()
    feed, key = quote(data["feeds"][1], safe=""), quote(root["key"], safe="")
    pages = world.oasis.pages()
    pages += [f"/author/{feed}", f"/thread/{key}", f"/comment/{key}", f"/json/{key}"]
    liker = quote(world.liker(), safe="")
    pages += [f"/likes/{liker}", f"/subtopic/{key}", "/search?query=granite"]
    if world.oasis.is_old:
        pages += [f"/public/popular/{one}" for one in ("day", "week", "month", "year")]
        pages += ["/imageSearch?query=over", "/hashtag/ssb"]
    else:
        pages += [f"/graphos?center={feed}", f"/inhabitant/{feed}"]
    wrong = []
    for page in pages:
        status = await world.browser.open(world.oasis.url + page)
        text = await world.browser.text()
        if status != OK or not text.strip() or any(one in text for one in BROKEN):
            wrong.append((page, status, text[:200]))
    assert not wrong, "\n".join(map(str, wrong))
    await world.open(f"/thread/{key}")
    assert root["value"]["content"]["text"].split()[0] in await world.browser.text()


async def test_posts_replies_follows_uploads_and_joins(world: World, folder: Path) -> None:
    await (_old if world.oasis.is_old else _new)(world, folder)
    await _joins(world, folder)


async def _old(world: World, folder: Path) -> None:
    """Oasis 2.17: each text is shown first, then published."""
    browser, [*_, root] = world.browser, world.messages()
    image = folder / "pixel.png"
    image.write_bytes(PIXEL)
    await world.open("/publish")
    await browser.type("textarea[name=text]", "Hello from a browser")
    await browser.type("input[type=file]", str(image))
    await browser.press("form[action='/publish/preview'] button")
    await browser.press("form[action='/publish'] button")
    name = str(blob_id(hashlib.sha256(PIXEL).digest()))

    async def posted() -> bool:
        last = await world.last()
        return str(last.get("text")).startswith("Hello from a browser") and name in last["text"]

    await until(posted)
    assert await world.client.call("blobs.has", name)
    key = quote(root["key"], safe="")
    await world.open(f"/comment/{key}")
    await browser.type("textarea[name=text]", "An answer")
    await browser.press("form[enctype] button")
    await browser.press(f"form[action='/comment/{key}'] button")
    assert (await world.said(type="post", root=root["key"]))["branch"]
    await world.open(f"/thread/{key}")
    assert "An answer" in await browser.text()
    await _follows(world)


async def _new(world: World, folder: Path) -> None:
    """Oasis 0.9: feeds, comments, images."""
    browser, [*_, root] = world.browser, world.messages()
    image = folder / "pixel.png"
    image.write_bytes(PIXEL)
    await world.open("/feed/create")
    await browser.type("form[action='/feed/create'] textarea", "Hello from a browser")
    await browser.press("form[action='/feed/create'][method=POST] button")
    await world.said(type="feed", text="Hello from a browser")
    await world.open("/feed?filter=ALL")
    assert "Hello from a browser" in await browser.text()
    key = quote(root["key"], safe="")
    await world.open(f"/comment/{key}")
    await browser.type("textarea[name=text]", "An answer")
    await browser.press(f"form[action='/comment/preview/{key}'] button")
    await browser.press(f"form[action='/comment/{key}'] button")
    await world.said(type="post", root=root["key"])
    await world.open("/images?filter=create")
    await browser.type("input[name=image]", str(image))
    await browser.type("input[name=title]", "A pixel")
    await browser.press("form[action='/images/create'] button[type=submit]")
    shown = await world.said(type="image", title="A pixel")
    assert str(blob_id(hashlib.sha256(PIXEL).digest())) in shown["url"]
    await _follows(world)


async def _follows(world: World) -> None:
    own, stranger = world.data["own"], world.data["feeds"][6]
    page = quote(stranger, safe="")
    await world.open(f"/author/{page}")
    await world.browser.press(f"form[action='/follow/{page}'] button")
    await world.said(type="contact", contact=stranger, following=True)
    asked = {"source": own, "dest": stranger}
    assert await world.client.call("friends.isFollowing", asked)
    await world.open(f"/author/{page}")
    assert await world.browser.run(
        f"return !!document.querySelector(\"form[action='/unfollow/{page}']\")"
    )


async def _joins(world: World, folder: Path) -> None:
    """Takes an invite of a pub."""
    async with OurServer(folder / "pub", "--allowPrivate", "true") as pub:
        at_pub = await pub.client()
        code = await at_pub.call("invite.create", {"uses": 1, "external": "127.0.0.1"})
        await world.open("/settings" if world.oasis.is_old else "/invites")
        form = "form[action='/settings/invite/accept']"
        await world.browser.type(f"{form} input[name=invite]", code)
        await world.browser.press(f"{form} button")
        own = world.data["own"]

        async def followed() -> bool:
            asked = {"source": own, "dest": pub.id}
            back = {"source": pub.id, "dest": own}
            return bool(
                await world.client.call("friends.isFollowing", asked)
                and await at_pub.call("friends.isFollowing", back)
            )

        await until(followed)
